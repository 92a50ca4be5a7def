//! The answers to an agent, as JSON on standard output.

use serde_json::{Value, json};

/// The answer to an event that is not simply allowed.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Answer {
    /// The action is denied, for this reason.
    Deny(String),
    /// The end of the turn is blocked, for this reason.
    BlockStop(String),
}

/// The form of an answer.
///
/// Codex runs the tool if an answer has a key that it does not know. So each form has only the
/// keys that its agents read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum AnswerForm {
    /// Of an agent whose events have a `hook_event_name`: this one.
    HookEvent(&'static str),
    /// Of Copilot CLI.
    Copilot,
    /// Of the plugin for opencode.
    Plugin,
}

impl Answer {
    /// Returns the answer as one line of JSON.
    #[must_use]
    pub(super) fn to_json(&self, form: AnswerForm) -> String {
        let value: Value = match (self, form) {
            (Self::Deny(reason), AnswerForm::HookEvent(event)) => json!({
                "hookSpecificOutput": {
                    "hookEventName": event,
                    "permissionDecision": "deny",
                    "permissionDecisionReason": reason,
                },
                "decision": "block",
                "reason": reason,
            }),
            (Self::Deny(reason), AnswerForm::Copilot) => json!({
                "permissionDecision": "deny",
                "permissionDecisionReason": reason,
                "decision": "block",
                "reason": reason,
            }),
            (Self::Deny(reason), AnswerForm::Plugin) | (Self::BlockStop(reason), _) => {
                json!({"decision": "block", "reason": reason})
            }
        };
        format!("{value}\n")
    }
}
