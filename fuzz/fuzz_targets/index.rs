//! Walks arbitrary bytes as an index file.
//!
//! The walk ends without a panic, uses little memory, and visits each entry that it counts.

#![no_main]

use std::io::Read;

use libfuzzer_sys::fuzz_target;
use stage_guard::git::{Checksum, ObjectFormat, walk_index};

fuzz_target!(|index: &[u8]| {
    for format in [ObjectFormat::Sha1, ObjectFormat::Sha256] {
        for checksum in [Checksum::Verify, Checksum::Skip] {
            let mut entries = 0;
            let summary = walk_index(index, format, checksum, |entry| {
                entries += 1;
                assert_eq!(entry.id.len(), format.id_len());
                assert!(entry.path.len() <= 64 << 10);
            });
            if let Ok(summary) = summary {
                assert_eq!(summary.entries, entries);
            }
        }
        // A checksum of zeros counts as valid, so this tests the data before it.
        let zeros = index.chain(&[0_u8; 32][..format.id_len()]);
        let _ = walk_index(zeros, format, Checksum::Verify, |_| {});
    }
});
