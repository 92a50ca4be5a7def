//! The lines about refs that git writes to the standard input of hooks: githooks(5).

use bstr::{BStr, BString, ByteSlice};

use super::{Error, ObjectId};

/// A line for `pre-receive` and `reference-transaction`: `OLD SP NEW SP REF`.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct RefUpdate {
    /// The old target; also [`Target::Nothing`] if git does not verify the old value.
    pub old: Target,
    /// The new target.
    pub new: Target,
    /// The full name of the ref.
    pub name: BString,
}

/// A line for `pre-push`: `LOCAL-REF SP LOCAL-ID SP REMOTE-REF SP REMOTE-ID`.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct PushedRef {
    /// The name of the pushed ref, or a revision.
    pub local_name: BString,
    /// The pushed object; [`Target::Nothing`] to delete the remote ref.
    pub local: Target,
    /// The full name of the remote ref.
    pub name: BString,
    /// The old target of the remote ref.
    pub remote: Target,
}

/// The target of a ref.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Target {
    /// Nothing: an id of zeros.
    Nothing,
    /// An object.
    Object(ObjectId),
    /// Another ref.
    Symbolic,
}

impl Target {
    /// Returns the id if the target is an object.
    #[must_use]
    pub(crate) fn object(&self) -> Option<ObjectId> {
        match self {
            Self::Object(id) => Some(*id),
            Self::Nothing | Self::Symbolic => None,
        }
    }

    fn parse(field: &[u8]) -> Option<Self> {
        if field.starts_with(b"ref:") {
            return Some(Self::Symbolic);
        }
        let id = ObjectId::from_hex(field)?;
        Some(if id.is_null() { Self::Nothing } else { Self::Object(id) })
    }
}

impl RefUpdate {
    /// Parses the lines of `input`.
    ///
    /// # Errors
    ///
    /// A line does not have this form.
    pub(crate) fn lines(input: &[u8]) -> impl Iterator<Item = Result<Self, Error>> {
        lines(input, |line| {
            let mut fields = line.splitn_str(3, " ");
            let (old, new) = (Target::parse(fields.next()?)?, Target::parse(fields.next()?)?);
            Some(Self { old, new, name: name(fields.next()?)? })
        })
    }
}

impl PushedRef {
    /// Parses the lines of `input`.
    ///
    /// Instead of the local ref, git writes a revision as the user typed it: it may contain
    /// spaces.
    ///
    /// # Errors
    ///
    /// A line does not have this form.
    pub(crate) fn lines(input: &[u8]) -> impl Iterator<Item = Result<Self, Error>> {
        lines(input, |line| {
            let mut fields = line.rsplitn_str(4, " ");
            let remote = Target::parse(fields.next()?)?;
            let name = name(fields.next()?)?;
            let local = Target::parse(fields.next()?)?;
            fields.next().map(|local_name| Self { local_name: local_name.into(), local, name, remote })
        })
    }
}

fn lines<'i, T>(
    input: &'i [u8],
    parse: impl Fn(&'i [u8]) -> Option<T>,
) -> impl Iterator<Item = Result<T, Error>> {
    input.lines().enumerate().map(move |(before, line)| {
        let text = || line.chars().take(100).collect::<String>().into();
        parse(line).ok_or_else(|| Error::HookInput { line: before + 1, text: text() })
    })
}

fn name(field: &[u8]) -> Option<BString> {
    let is_name = !field.is_empty() && !field.contains(&b' ');
    is_name.then(|| BStr::new(field).to_owned())
}
