//! Remotes, and the remote-tracking branches that show which commits they have.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use bstr::{BStr, BString, ByteSlice};

use super::Error;
use crate::git::command::{Git, nul_fields};

/// A remote whose branches a fetch makes known here, as remote-tracking branches.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Remote {
    /// Its name, or its URL if it has no name.
    pub name: BString,
    /// The refspec that makes its branches known; `None` if it is configured.
    pub refspec: Option<BString>,
    /// The prefixes of its remote-tracking branches.
    tracking: Vec<BString>,
}

impl Remote {
    /// Creates a remote without remote-tracking branches.
    #[must_use]
    pub fn new(name: BString, refspec: Option<BString>) -> Self {
        Self { name, refspec, tracking: Vec::new() }
    }

    /// Returns the remote with this name or URL.
    ///
    /// Without a name it is `origin`, and `None` if that is not configured.
    ///
    /// # Errors
    ///
    /// git cannot be started.
    pub(super) fn find(git: &Git, name: Option<&BStr>) -> Result<Option<Self>, Error> {
        let is_guessed = name.is_none();
        let name = name.unwrap_or("origin".into());
        let settings = git.output(&["config", "--null", "--get-regexp", r"^remote\."], &[])?.stdout;
        let prefix = bstr::concat([b"remote.", name.as_bytes(), b"."]);
        let own = nul_fields(&settings).filter_map(|setting| setting.strip_prefix(prefix.as_slice()));
        let own: Vec<(&[u8], &[u8])> = own.filter_map(|setting| setting.split_once_str("\n")).collect();
        if is_guessed && own.is_empty() {
            return Ok(None);
        }
        let refspecs = || own.iter().filter(|(key, _)| *key == b"fetch").map(|(_, value)| *value);
        let namespace = if own.is_empty() { namespace_of_url(name) } else { name.to_owned() };
        let own_refs = BString::from(bstr::concat([REMOTES, namespace.as_bytes()]));
        let is_configured = refspecs().any(|refspec| {
            refspec.strip_prefix(b"+").unwrap_or(refspec).starts_with(b"refs/heads/*:refs/remotes/")
        });
        let refspec = bstr::concat([b"+refs/heads/*:", own_refs.as_slice(), b"/*"]).into();
        let tracking = refspecs().filter_map(tracking_refs).map(BString::from).chain([own_refs]).collect();
        Ok(Some(Self { name: name.to_owned(), refspec: (!is_configured).then_some(refspec), tracking }))
    }

    /// Whether there is a remote-tracking branch of this remote.
    ///
    /// # Errors
    ///
    /// git cannot list the refs.
    pub(super) fn has_branches(&self, git: &Git) -> Result<bool, Error> {
        let options = ["for-each-ref", "--count=1", "--format=%(refname)", "--"].map(OsStr::new);
        let refs = self.tracking.iter().map(|name| OsStr::from_bytes(name));
        git.run(&options.into_iter().chain(refs).collect::<Vec<_>>()).map(|output| !output.is_empty())
    }
}

const REMOTES: &[u8] = b"refs/remotes/";

/// Returns the prefix of the remote-tracking branches that a refspec updates.
fn tracking_refs(refspec: &[u8]) -> Option<&[u8]> {
    let (_, destination) = refspec.split_once_str(":")?;
    destination.starts_with(REMOTES).then(|| destination.strip_suffix(b"/*").unwrap_or(destination))
}

/// Returns a part of a ref name for a URL, without the user and the password in it.
fn namespace_of_url(url: &BStr) -> BString {
    let address = url.split_once_str("://").map_or(url.as_bytes(), |(_, address)| address);
    let (host, path) = address.split_at(address.find_byte(b'/').unwrap_or(address.len()));
    let host = host.rsplit_once_str("@").map_or(host, |(_, host)| host);
    let letters = host.iter().chain(path).map(|byte| if byte.is_ascii_alphanumeric() { *byte } else { b'-' });
    let name = letters.collect::<BString>();
    let name = name.trim_with(|c| c == '-');
    if name.is_empty() { "url".into() } else { name.into() }
}

#[cfg(test)]
mod tests {
    use super::{namespace_of_url, tracking_refs};

    #[test]
    fn a_url_becomes_one_part_of_a_ref_name() {
        for (url, namespace) in [
            ("../other.git", "other-git"),
            ("https://user:secret@example.org/a/b.git", "example-org-a-b-git"),
            ("user@example.org:a/b", "example-org-a-b"),
            ("/a b/..x.lock/@{u}", "a-b---x-lock---u"),
            ("..", "url"),
        ] {
            assert_eq!(namespace_of_url(url.into()), namespace);
        }
    }

    #[test]
    fn a_refspec_updates_remote_tracking_branches_below_its_destination() {
        for (refspec, refs) in [
            ("+refs/heads/*:refs/remotes/o/*", Some("refs/remotes/o")),
            ("refs/heads/main:refs/remotes/o/main", Some("refs/remotes/o/main")),
            ("+refs/*:refs/*", None),
            ("^refs/heads/x", None),
        ] {
            assert_eq!(tracking_refs(refspec.as_bytes()), refs.map(str::as_bytes), "{refspec}");
        }
    }
}
