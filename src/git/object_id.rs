//! Object ids and their format.

use std::fmt;

use git2::Oid;
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// The hash function that a repository names its objects by.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ObjectFormat {
    /// 20 bytes, the default.
    Sha1,
    /// 32 bytes, by `git init --object-format=sha256`.
    Sha256,
}

impl ObjectFormat {
    /// Parses the name that `git rev-parse --show-object-format` prints.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "sha1" => Some(Self::Sha1),
            "sha256" => Some(Self::Sha256),
            _ => None,
        }
    }

    /// Returns the length of an id in bytes.
    #[must_use]
    pub fn id_len(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    /// Returns the id of the tree without entries: `git hash-object -t tree /dev/null`.
    #[must_use]
    pub fn empty_tree(self) -> &'static str {
        match self {
            Self::Sha1 => "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
            Self::Sha256 => "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
        }
    }

    /// Returns the id of a blob with these contents.
    #[must_use]
    pub fn blob_id(self, contents: &[u8]) -> String {
        fn hash<H: Digest>(contents: &[u8]) -> Vec<u8> {
            let header = format!("blob {}\0", contents.len());
            H::new().chain_update(header).chain_update(contents).finalize().to_vec()
        }
        let id = match self {
            Self::Sha1 => hash::<Sha1>(contents),
            Self::Sha256 => hash::<Sha256>(contents),
        };
        id.iter().fold(String::new(), |id, byte| id + &format!("{byte:02x}"))
    }
}

/// The id of an object. Displayed in hexadecimal.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum ObjectId {
    /// The id in a SHA-1 repository.
    Sha1([u8; 20]),
    /// The id in a SHA-256 repository.
    Sha256([u8; 32]),
}

impl ObjectId {
    /// Parses a full id in hexadecimal.
    #[must_use]
    pub fn from_hex(hex: &[u8]) -> Option<Self> {
        match hex.len() {
            40 => parse_hex(hex).map(Self::Sha1),
            64 => parse_hex(hex).map(Self::Sha256),
            _ => None,
        }
    }

    /// Returns the id with these bytes, which must be 20 or 32.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        match bytes.len() {
            20 => bytes.try_into().ok().map(Self::Sha1),
            32 => bytes.try_into().ok().map(Self::Sha256),
            _ => None,
        }
    }

    /// Returns the bytes of the id.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Sha1(bytes) => bytes,
            Self::Sha256(bytes) => bytes,
        }
    }

    /// Whether the id is all zeros, which git writes if there is no object.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.as_bytes().iter().all(|byte| *byte == 0)
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_bytes().iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

/// libgit2 opens only SHA-1 repositories.
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

/// Parses two hexadecimal digits for each byte.
fn parse_hex<const N: usize>(hex: &[u8]) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    for (byte, [high, low]) in bytes.iter_mut().zip(hex.as_chunks().0) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}

fn digit(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::ObjectFormat;

    #[test]
    fn the_id_of_a_blob_is_that_of_git() {
        assert_eq!(ObjectFormat::Sha1.blob_id(b""), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
        assert_eq!(
            ObjectFormat::Sha256.blob_id(b""),
            "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813"
        );
    }
}
