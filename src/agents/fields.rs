//! The fields of a JSON object, parsed when they are needed.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use bstr::{BString, ByteVec};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

/// The names of a field, of which an object has at most one.
pub(super) type Names = &'static [&'static str];

/// The fields of a JSON object.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(super) struct Fields(BTreeMap<String, Box<RawValue>>);

/// The methods return `None` for a missing field and for one of another type.
impl Fields {
    /// Parses a document; `None` if it is not an object.
    ///
    /// # Errors
    ///
    /// Returns an error if the document is not JSON.
    pub(super) fn parse(document: &[u8]) -> Result<Option<Self>, serde_json::Error> {
        let value: &RawValue = serde_json::from_slice(document)?;
        Ok(Self::of(value))
    }

    fn of(value: &RawValue) -> Option<Self> {
        serde_json::from_str(value.get()).ok()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(super) fn object(&self, name: &str) -> Option<Self> {
        self.get(&[name])
    }

    /// Returns the fields of an object, or of one that is written in a string.
    pub(super) fn object_or_text(&self, name: &str) -> Option<Self> {
        self.object(name).or_else(|| Self::parse(&self.text(&[name])?).ok()?)
    }

    /// Returns the objects of a list.
    pub(super) fn objects(&self, name: &str) -> Option<Vec<Self>> {
        self.get(&[name])
    }

    /// Returns a string as bytes: JSON can escape a lone surrogate, which UTF-8 cannot encode.
    pub(super) fn text(&self, names: &[&str]) -> Option<BString> {
        self.get(names)
    }

    /// Returns a string with replacements for what is not Unicode.
    pub(super) fn string(&self, names: &[&str]) -> Option<String> {
        self.text(names).map(|text| Vec::from(text).into_string_lossy())
    }

    pub(super) fn path(&self, names: &[&str]) -> Option<PathBuf> {
        self.text(names).map(|path| OsString::from_vec(path.into()).into())
    }

    pub(super) fn flag(&self, names: &[&str]) -> Option<bool> {
        self.get(names)
    }

    fn get<T: DeserializeOwned>(&self, names: &[&str]) -> Option<T> {
        let value = names.iter().find_map(|name| self.0.get(*name))?;
        serde_json::from_str(value.get()).ok()
    }
}
