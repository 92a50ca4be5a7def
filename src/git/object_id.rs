use std::fmt;
use std::hash::{Hash, Hasher};

use git2::Oid;

/// The id of an object, in hexadecimal where it is shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ObjectId {
    /// Of a repository as most are.
    Sha1([u8; 20]),
    /// Of one with `--object-format=sha256`.
    Sha256([u8; 32]),
}

impl ObjectId {
    /// Reads a whole id in hexadecimal.
    #[must_use]
    pub fn of_hex(hex: &[u8]) -> Option<Self> {
        match hex.len() {
            40 => bytes(hex).map(Self::Sha1),
            64 => bytes(hex).map(Self::Sha256),
            _ => None,
        }
    }

    /// The id itself.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Sha1(bytes) => bytes,
            Self::Sha256(bytes) => bytes,
        }
    }
}

/// An id is a hash: its beginning tells as much as all of it.
impl Hash for ObjectId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.as_bytes().first_chunk().copied().map(u64::from_ne_bytes).unwrap_or_default());
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_bytes().iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

/// libgit2 opens no repository of another format.
impl From<Oid> for ObjectId {
    fn from(id: Oid) -> Self {
        Self::Sha1(id.as_bytes().first_chunk().copied().unwrap_or_default())
    }
}

impl TryFrom<ObjectId> for Oid {
    type Error = git2::Error;

    fn try_from(id: ObjectId) -> Result<Self, git2::Error> {
        Self::from_bytes(id.as_bytes())
    }
}

/// The bytes that pairs of digits stand for.
fn bytes<const N: usize>(hex: &[u8]) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    for (byte, [high, low]) in bytes.iter_mut().zip(hex.as_chunks().0) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}

fn digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}
