//! opencode, which runs a plugin. The events are those that our plugin writes.

use super::Action;
use super::Definition;
use super::answer::AnswerForm;
use super::fields::Fields;
use super::plugin::Plugin;
use super::settings::{Contents, Settings};
use super::tool::{self, EditFields, Tool, ToolEffect};

pub(super) const AGENT: Definition = Definition {
    name: "opencode",
    title: "opencode",
    shown_by: &[".opencode"],
    settings: Settings {
        file: ".opencode/plugins/stage-guard.js",
        copies: &[],
        contents: Contents::Plugin(Plugin { text: include_str!("opencode.js") }),
    },
    condition: None,
    trust: None,
    skips_git_hooks: false,
    read,
};

const TOOLS: [Tool; 4] = [
    Tool { name: "write", effect: ToolEffect::Write { path: &["filePath"], text: &["content"] } },
    Tool {
        name: "edit",
        effect: ToolEffect::Edit {
            path: &["filePath"],
            edit: EditFields { old: &["oldString"], new: &["newString"], everywhere: &["replaceAll"] },
        },
    },
    Tool { name: "apply_patch", effect: ToolEffect::Patch { patch: &["patchText"] } },
    Tool { name: "bash", effect: ToolEffect::Run { command: &["command"], directory: &["workdir"] } },
];

/// Reads what the plugin sends before a tool runs.
fn read(event: &Fields) -> Option<(Action, AnswerForm)> {
    let (input, output) = (event.object("input")?, event.object("output")?);
    let action = tool::action(&TOOLS, &input.string(&["tool"])?, &output, "args")?;
    Some((action, AnswerForm::Plugin))
}

#[cfg(test)]
mod tests {
    use super::TOOLS;
    use crate::agents::TIME_LIMIT;

    #[test]
    fn the_plugin_knows_the_tools() {
        let names: Vec<String> = TOOLS.iter().map(|tool| format!("{:?}", tool.name)).collect();
        assert!(include_str!("opencode.js").contains(&format!("TOOLS = [{}];", names.join(", "))));
    }

    #[test]
    fn the_plugin_has_the_time_limit() {
        assert_eq!(TIME_LIMIT.as_secs(), 10);
        assert!(include_str!("opencode.js").contains("const TIME_LIMIT = 10_000;"));
    }
}
