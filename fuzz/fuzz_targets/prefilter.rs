//! Tests arbitrary paths: the prefilter never rejects a path that the policy could refuse.

#![no_main]

use std::sync::OnceLock;

use bstr::{BStr, ByteSlice};
use libfuzzer_sys::fuzz_target;
use stage_guard::policy::Policy;

fuzz_target!(|paths: &[u8]| {
    static POLICY: OnceLock<Policy> = OnceLock::new();
    let policy = POLICY.get_or_init(Policy::built_in);
    let mut prefilter = policy.prefilter();
    for path in paths.lines() {
        let path = BStr::new(path);
        let may_refuse = prefilter.may_refuse(path);
        assert!(may_refuse || !policy.may_refuse(path), "{path}");
    }
});
