//! What git tells hooks about refs, a line each (githooks(5)).

use bstr::{BStr, BString, ByteSlice};

use super::{Error, ObjectId};

/// A line that `pre-receive` and `reference-transaction` get:
/// `<old> SP <new> SP <ref>`.
#[derive(Debug, Eq, PartialEq)]
pub struct RefUpdate {
    /// What the ref names so far. Also [`Target::Nothing`] where git does not mind.
    pub old: Target,
    /// What it will name.
    pub new: Target,
    /// The whole name of the ref.
    pub name: BString,
}

/// A line that `pre-push` gets: `<local ref> SP <local id> SP <remote ref> SP <remote
/// id>`.
#[derive(Debug, Eq, PartialEq)]
pub struct PushedRef {
    /// What is pushed; [`Target::Nothing`] where the remote ref is to be deleted.
    pub local: Target,
    /// The whole name of the ref on the other side.
    pub name: BString,
    /// What it names there so far.
    pub remote: Target,
}

/// What a ref names.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Target {
    /// Nothing: an id of zeros.
    Nothing,
    /// An object.
    Object(ObjectId),
    /// Another ref.
    Symbolic,
}

impl Target {
    /// The id of the object, where it is one.
    #[must_use]
    pub fn object(&self) -> Option<ObjectId> {
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
        Some(if id.as_bytes().iter().all(|byte| *byte == 0) { Self::Nothing } else { Self::Object(id) })
    }
}

impl RefUpdate {
    /// Reads the lines of `input`.
    ///
    /// # Errors
    ///
    /// A line is not of this form.
    pub fn lines(input: &[u8]) -> impl Iterator<Item = Result<Self, Error>> {
        lines(input, |line| {
            let mut fields = line.splitn_str(3, " ");
            let (old, new) = (Target::parse(fields.next()?)?, Target::parse(fields.next()?)?);
            Some(Self { old, new, name: name(fields.next()?)? })
        })
    }
}

impl PushedRef {
    /// Reads the lines of `input`. The local ref is what the user typed, where that
    /// is no ref, and may hold spaces.
    ///
    /// # Errors
    ///
    /// A line is not of this form.
    pub fn lines(input: &[u8]) -> impl Iterator<Item = Result<Self, Error>> {
        lines(input, |line| {
            let mut fields = line.rsplitn_str(4, " ");
            let remote = Target::parse(fields.next()?)?;
            let name = name(fields.next()?)?;
            let local = Target::parse(fields.next()?)?;
            fields.next().map(|_| Self { local, name, remote })
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
