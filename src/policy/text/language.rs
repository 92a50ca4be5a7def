//! The languages in which signs differ.

use bstr::{BStr, ByteSlice};

/// The language of a script, as its extension says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Language {
    Python,
    JavaScript,
    /// The shells of Unix.
    Shell,
    /// `cmd.exe` and PowerShell.
    WindowsShell,
    Html,
    Php,
    /// Another one, or none that an extension says.
    Other,
}

/// Extensions, each with its language.
const EXTENSIONS: [(&str, Language); 17] = [
    ("py", Language::Python),
    ("js", Language::JavaScript),
    ("mjs", Language::JavaScript),
    ("cjs", Language::JavaScript),
    ("jsx", Language::JavaScript),
    ("ts", Language::JavaScript),
    ("mts", Language::JavaScript),
    ("cts", Language::JavaScript),
    ("tsx", Language::JavaScript),
    ("sh", Language::Shell),
    ("bash", Language::Shell),
    ("zsh", Language::Shell),
    ("ps1", Language::WindowsShell),
    ("bat", Language::WindowsShell),
    ("cmd", Language::WindowsShell),
    ("html", Language::Html),
    ("php", Language::Php),
];

impl Language {
    /// Returns the language of the script `path`.
    pub(super) fn of(path: &BStr) -> Self {
        let extension = path.rsplit_once_str(".").map_or(&b""[..], |(_, extension)| extension);
        let found = EXTENSIONS.iter().find(|(other, _)| other.as_bytes() == extension);
        found.map_or(Self::Other, |(_, language)| *language)
    }

    /// Returns whether it is the language of a shell.
    pub(super) fn is_shell(self) -> bool {
        matches!(self, Self::Shell | Self::WindowsShell)
    }
}
