//! Any bytes as an index file: the walk ends, without a panic, in little memory, and gives
//! each entry that it counts.

#![no_main]

use std::io::Read;

use libfuzzer_sys::fuzz_target;
use stage_guard::git::{Checksum, walk_index};

fuzz_target!(|index: &[u8]| {
    for id_len in [20, 32] {
        for checksum in [Checksum::Verified, Checksum::VerifiedIfSmall] {
            let mut entries = 0;
            let walked = walk_index(index, id_len, checksum, |entry| {
                entries += 1;
                assert_eq!(entry.id.len(), id_len);
                assert!(entry.path.len() <= 64 << 10);
            });
            if let Ok(walked) = walked {
                assert_eq!(walked.entries, entries);
            }
        }
        // A right checksum, so that what lies behind it is reached as well.
        let zeros = index.chain(&[0_u8; 32][..id_len]);
        let _ = walk_index(zeros, id_len, Checksum::Verified, |_| {});
    }
});
