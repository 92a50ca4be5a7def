//! What the tools of an agent do, and which fields of their input say it.

use super::fields::{Fields, Names};
use super::{Action, FileWrite, NewText, Replacement, patch};

/// A tool of an agent.
pub(super) struct Tool {
    pub(super) name: &'static str,
    pub(super) effect: ToolEffect,
}

/// What a tool does, with the names of the fields that say it.
pub(super) enum ToolEffect {
    /// Writes a file.
    Write { path: Names, text: Names },
    /// Replaces a text in a file.
    Edit { path: Names, edit: EditFields },
    /// Replaces several texts in a file, one after the other.
    EditMany { path: Names, edits: &'static str, edit: EditFields },
    /// Changes a part of a file. The input does not contain the new text.
    EditUnknown { path: Names },
    /// Applies a patch: see [`patch`].
    Patch { patch: Names },
    /// Runs a script in a POSIX shell, in a directory if the input names one.
    Run { command: Names, directory: Names },
}

/// The fields of a replacement. If `everywhere` is true, each occurrence is replaced.
pub(super) struct EditFields {
    pub(super) old: Names,
    pub(super) new: Names,
    pub(super) everywhere: Names,
}

/// Returns what the tool called `name` does with the value of the field `input`.
///
/// `None` if it is not one of `tools`. A string that is a patch counts as one whatever the tool:
/// Copilot CLI has several names for that tool.
pub(super) fn action(tools: &[Tool], name: &str, event: &Fields, input: &str) -> Option<Action> {
    if let Some(patch) = event.text(&[input]).filter(|text| patch::is_patch(text)) {
        return Some(Action::Write(patch::writes(&patch)));
    }
    let tool = tools.iter().find(|tool| tool.name == name)?;
    let input = &event.object_or_text(input)?;
    let write = |path, text| {
        let path = input.path(path)?;
        Some(Action::Write(vec![FileWrite { path, text }]))
    };
    let edited = |path, replacements: Option<_>| {
        let edited = replacements.zip(input.path(path));
        let text = edited
            .map_or(NewText::Unknown, |(replacements, source)| NewText::Edited { source, replacements });
        write(path, text)
    };
    match &tool.effect {
        ToolEffect::Write { path, text } => {
            write(path, input.text(text).map_or(NewText::Unknown, NewText::Whole))
        }
        ToolEffect::Edit { path, edit } => edited(path, edit.read(input).map(|edit| vec![edit])),
        ToolEffect::EditMany { path, edits, edit } => {
            let edits = input.objects(edits);
            edited(path, edits.and_then(|edits| edits.iter().map(|fields| edit.read(fields)).collect()))
        }
        ToolEffect::EditUnknown { path } => write(path, NewText::Unknown),
        ToolEffect::Patch { patch } => Some(Action::Write(patch::writes(&input.text(patch)?))),
        ToolEffect::Run { command, directory } => {
            let directory = input.path(directory).unwrap_or_default();
            input.string(command).map(|script| Action::Run { script, directory })
        }
    }
}

impl EditFields {
    fn read(&self, fields: &Fields) -> Option<Replacement> {
        let (old, new) = (fields.text(self.old)?, fields.text(self.new)?);
        Some(Replacement { old, new, is_everywhere: fields.flag(self.everywhere).unwrap_or(false) })
    }
}
