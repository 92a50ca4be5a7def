//! Any paths, one after the other: what is told by a few bytes is what the policy says, and
//! no path that it could refuse is passed over.

#![no_main]

use std::sync::OnceLock;

use bstr::{BStr, ByteSlice};
use libfuzzer_sys::fuzz_target;
use stage_guard::policy::Policy;

fuzz_target!(|paths: &[u8]| {
    static POLICY: OnceLock<Policy> = OnceLock::new();
    let policy = POLICY.get_or_init(|| Policy::built_in());
    let mut prefilter = policy.prefilter();
    for path in paths.lines() {
        let path = BStr::new(path);
        if policy.may_refuse(path) {
            assert!(prefilter.may_refuse(path), "{path}");
        } else {
            prefilter.may_refuse(path);
        }
    }
});
