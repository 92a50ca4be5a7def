//! Searches arbitrary scripts for bypasses.
//!
//! What only mentions a script is no bypass, and a script hides nothing that comes before it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use stage_guard::fuzz::{bypasses_hooks, is_complete};

fuzz_target!(|script: &str| {
    let quoted = format!("'{}'", script.replace('\'', r"'\''"));
    assert!(!bypasses_hooks(&format!("printf %s {quoted}")));
    assert!(!bypasses_hooks(&format!("git commit -m {quoted}")));
    let comment: String = script.lines().map(|line| format!("# {line}\n")).collect();
    assert!(!bypasses_hooks(&comment));
    if script.lines().all(|line| line != "END") {
        assert!(!bypasses_hooks(&format!("cat <<'END'\n{script}\nEND\n")));
    }
    if is_complete(script) {
        assert!(bypasses_hooks(&format!("git commit -n\n{script}")));
    }
    if bypasses_hooks(script) {
        assert!(bypasses_hooks(&format!("true\n{script}")));
    }
});
