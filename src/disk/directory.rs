//! A directory that is opened once, and operations on the names in it.
//!
//! A path is looked up again by each operation, so another process can put a symlink in the
//! place of a directory between two of them. An open directory stays the same one, wherever it
//! is moved and whatever takes its place.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
#[cfg(target_os = "linux")]
use std::os::fd::AsRawFd;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};
use std::process;

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, RawMode, RenameFlags, Stat};
#[cfg(target_os = "linux")]
use rustix::fs::{ResolveFlags, openat2};
use rustix::fs::{fstat, linkat, mkdirat, openat, readlinkat, renameat, renameat_with, statat};
use rustix::fs::{symlinkat, unlinkat};
use rustix::io::Errno;

/// Opens a directory that need not be readable, if the system supports that.
#[cfg(target_os = "linux")]
const OPEN_DIRECTORY: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
#[cfg(not(target_os = "linux"))]
const OPEN_DIRECTORY: OFlags = OFlags::DIRECTORY.union(OFlags::CLOEXEC);

/// An open directory.
///
/// Each `name` is a single component of a path. No operation follows a symlink.
#[derive(Debug)]
pub(crate) struct Directory(pub(super) OwnedFd);

impl Directory {
    /// Opens the directory at `path`. Symlinks in `path` are followed.
    ///
    /// # Errors
    ///
    /// `path` is not a directory, or cannot be opened.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self(openat(CWD, path, OPEN_DIRECTORY, Mode::empty())?))
    }

    /// Opens the directory `name`.
    ///
    /// # Errors
    ///
    /// `name` is a symlink or no directory, or cannot be opened.
    pub(crate) fn open_directory(&self, name: &OsStr) -> io::Result<Self> {
        Ok(Self(openat(&self.0, name, OPEN_DIRECTORY | OFlags::NOFOLLOW, Mode::empty())?))
    }

    /// Opens the directory `name` unless it is a mount point.
    ///
    /// # Errors
    ///
    /// As for [`Directory::open_directory`]. [`io::ErrorKind::CrossesDevices`] if another file
    /// system or directory is mounted there.
    pub(crate) fn open_unmounted(&self, name: &OsStr) -> io::Result<Self> {
        #[cfg(target_os = "linux")]
        {
            // Also finds a bind mount of a directory of the same file system.
            let flags = OPEN_DIRECTORY | OFlags::NOFOLLOW;
            match openat2(&self.0, name, flags, Mode::empty(), ResolveFlags::NO_XDEV) {
                // The kernel is old, or a sandbox forbids the call.
                Err(Errno::NOSYS | Errno::PERM | Errno::INVAL) => {}
                opened => return Ok(Self(opened?)),
            }
        }
        let directory = self.open_directory(name)?;
        let is_mounted = !directory.own_metadata()?.is_on_same_device(&self.own_metadata()?);
        if is_mounted { Err(io::ErrorKind::CrossesDevices.into()) } else { Ok(directory) }
    }

    /// Opens the directory at `path`, which is relative to this one.
    ///
    /// # Errors
    ///
    /// A component is a symlink, no directory or `..`, or cannot be opened.
    pub(crate) fn descend(&self, path: &Path) -> io::Result<Self> {
        let mut directory = Self(self.0.try_clone()?);
        for component in path.components() {
            let Component::Normal(name) = component else { return Err(io::ErrorKind::InvalidInput.into()) };
            directory = directory.open_directory(name)?;
        }
        Ok(directory)
    }

    /// Opens the directory of `path`, and returns it with the name of `path` in it.
    ///
    /// # Errors
    ///
    /// As for [`Directory::descend`], or `path` has no name.
    pub(crate) fn locate<'p>(&self, path: &'p Path) -> io::Result<(Self, &'p OsStr)> {
        let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        Ok((self.descend(path.parent().unwrap_or(Path::new("")))?, name))
    }

    /// Creates the directory `name`, and fails if something has that name.
    ///
    /// # Errors
    ///
    /// It cannot be created.
    pub(crate) fn create_directory(&self, name: &OsStr) -> io::Result<()> {
        Ok(mkdirat(&self.0, name, Mode::from_raw_mode(0o777))?)
    }

    /// Returns the metadata of this directory.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub(crate) fn own_metadata(&self) -> io::Result<Metadata> {
        Metadata::of(&self.0)
    }

    /// Returns the metadata of `name`; `None` if nothing has that name.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub(crate) fn metadata(&self, name: &OsStr) -> io::Result<Option<Metadata>> {
        match statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(Metadata(stat))),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether something has the name `name`.
    ///
    /// # Errors
    ///
    /// The directory cannot be searched.
    pub(crate) fn contains(&self, name: &OsStr) -> io::Result<bool> {
        Ok(self.metadata(name)?.is_some())
    }

    /// Returns the names in this directory, in no order.
    ///
    /// # Errors
    ///
    /// The directory cannot be read.
    pub(crate) fn names(&self) -> io::Result<Vec<OsString>> {
        let mut names = Vec::new();
        let readable = OFlags::DIRECTORY | OFlags::CLOEXEC;
        for entry in Dir::new(openat(&self.0, ".", readable, Mode::empty())?)? {
            let name = entry?.file_name().to_bytes().to_vec();
            if name != b"." && name != b".." {
                names.push(OsString::from_vec(name));
            }
        }
        Ok(names)
    }

    /// Opens the regular file `name` for reading.
    ///
    /// # Errors
    ///
    /// `name` is a symlink or not a regular file, or cannot be opened.
    pub(crate) fn open_file(&self, name: &OsStr) -> io::Result<File> {
        // Without NONBLOCK, a FIFO is waited for.
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = File::from(openat(&self.0, name, flags, Mode::empty())?);
        if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("not a regular file")) }
    }

    /// Creates the file `name` for writing, and fails if something has that name.
    ///
    /// The umask limits `mode`.
    ///
    /// # Errors
    ///
    /// It cannot be created.
    pub(crate) fn create_file(&self, name: &OsStr, mode: RawMode) -> io::Result<File> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mode = Mode::from_bits_truncate(mode);
        Ok(File::from(openat(&self.0, name, flags, mode)?))
    }

    /// Writes the file `name`, and fails if something has that name.
    ///
    /// A killed process leaves no partial file of that name. The umask limits `mode`.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub(crate) fn write_file(&self, name: &OsStr, content: &[u8], mode: RawMode) -> io::Result<()> {
        #[cfg(target_os = "linux")]
        if let Ok(mut file) = self.create_unnamed_file(mode) {
            file.write_all(content)?;
            match self.link_unnamed_file(&file, name) {
                // `/proc` is not mounted, or a sandbox forbids the call.
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {}
                linked => return linked,
            }
        }
        let temporary = temporary_name();
        self.create_file(&temporary, mode)?
            .write_all(content)
            .and_then(|()| self.rename_no_replace(&temporary, self, name))
            .inspect_err(|_| drop(self.remove_file(&temporary)))
    }

    /// Creates a file without a name, which a killed process does not leave.
    #[cfg(target_os = "linux")]
    fn create_unnamed_file(&self, mode: RawMode) -> io::Result<File> {
        let flags = OFlags::WRONLY | OFlags::TMPFILE | OFlags::CLOEXEC;
        Ok(File::from(openat(&self.0, ".", flags, Mode::from_bits_truncate(mode))?))
    }

    /// Gives a file its first name, and fails if something has that name.
    #[cfg(target_os = "linux")]
    fn link_unnamed_file(&self, file: &File, name: &OsStr) -> io::Result<()> {
        let path = format!("/proc/self/fd/{}", file.as_raw_fd());
        Ok(linkat(CWD, path, &self.0, name, AtFlags::SYMLINK_FOLLOW)?)
    }

    /// Creates the symlink `name`, and fails if something has that name.
    ///
    /// # Errors
    ///
    /// It cannot be created.
    pub(crate) fn create_symlink(&self, target: &OsStr, name: &OsStr) -> io::Result<()> {
        Ok(symlinkat(target, &self.0, name)?)
    }

    /// Returns the target of the symlink `name`.
    ///
    /// # Errors
    ///
    /// `name` is not a symlink.
    pub(crate) fn read_link(&self, name: &OsStr) -> io::Result<PathBuf> {
        let target = readlinkat(&self.0, name, Vec::new())?;
        Ok(OsStr::from_bytes(target.to_bytes()).into())
    }

    /// Renames a file of this directory. A file `new_name` is replaced.
    ///
    /// # Errors
    ///
    /// It cannot be renamed.
    pub(crate) fn rename(&self, name: &OsStr, new_name: &OsStr) -> io::Result<()> {
        Ok(renameat(&self.0, name, &self.0, new_name)?)
    }

    /// Exchanges `name` and the file `other_name` of another directory.
    ///
    /// At every moment, there is a file `other_name`.
    ///
    /// # Errors
    ///
    /// One of them does not exist or cannot be moved: for example, to another file system.
    pub(crate) fn exchange(&self, name: &OsStr, other: &Self, other_name: &OsStr) -> io::Result<()> {
        match renameat_with(&self.0, name, &other.0, other_name, RenameFlags::EXCHANGE) {
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
                self.exchange_in_steps(name, other, other_name)
            }
            exchanged => Ok(exchanged?),
        }
    }

    /// Exchanges two files on a file system without `RENAME_EXCHANGE`.
    fn exchange_in_steps(&self, name: &OsStr, other: &Self, other_name: &OsStr) -> io::Result<()> {
        let old = temporary_name();
        if linkat(&other.0, other_name, &self.0, &old, AtFlags::empty()).is_err() {
            let metadata = other.metadata(other_name)?.ok_or(io::ErrorKind::NotFound)?;
            other.copy(other_name, &metadata, self, &old)?;
        }
        renameat(&self.0, name, &other.0, other_name).inspect_err(|_| drop(self.remove_file(&old)))?;
        self.rename(&old, name)
    }

    /// Moves `name` to another directory, and fails if something has the new name.
    ///
    /// The move is one step if the file system supports it.
    ///
    /// # Errors
    ///
    /// It cannot be moved: for example, `to` is on another file system.
    pub(crate) fn rename_no_replace(&self, name: &OsStr, to: &Self, new_name: &OsStr) -> io::Result<()> {
        match renameat_with(&self.0, name, &to.0, new_name, RenameFlags::NOREPLACE) {
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => self.link_and_remove(name, to, new_name),
            Err(Errno::EXIST) if self.is_other_link(name, to, new_name)? => self.remove_file(name),
            moved => Ok(moved?),
        }
    }

    /// Moves `name` on a file system without `RENAME_NOREPLACE`.
    fn link_and_remove(&self, name: &OsStr, to: &Self, new_name: &OsStr) -> io::Result<()> {
        if self.metadata(name)?.is_some_and(|metadata| metadata.is_directory()) {
            // Fails if `new_name` is a file or a directory that is not empty.
            return Ok(renameat(&self.0, name, &to.0, new_name)?);
        }
        match linkat(&self.0, name, &to.0, new_name, AtFlags::empty()) {
            Err(Errno::EXIST) if self.is_other_link(name, to, new_name)? => {}
            linked => linked?,
        }
        self.remove_file(name)
    }

    /// Whether both names are hard links to one file.
    ///
    /// One name in two letter cases, on a file system that ignores case, is one link.
    fn is_other_link(&self, name: &OsStr, to: &Self, new_name: &OsStr) -> io::Result<bool> {
        let both = self.metadata(name)?.zip(to.metadata(new_name)?);
        Ok(both.is_some_and(|(a, b)| a.is_same_file(&b) && a.has_other_links()))
    }

    /// Removes the file or symlink `name`.
    ///
    /// # Errors
    ///
    /// It is a directory, or cannot be removed.
    pub(crate) fn remove_file(&self, name: &OsStr) -> io::Result<()> {
        Ok(unlinkat(&self.0, name, AtFlags::empty())?)
    }

    /// Removes the directory `name`.
    ///
    /// # Errors
    ///
    /// It is not an empty directory, or cannot be removed.
    pub(crate) fn remove_directory(&self, name: &OsStr) -> io::Result<()> {
        Ok(unlinkat(&self.0, name, AtFlags::REMOVEDIR)?)
    }
}

/// The beginning of the names of temporary files.
const TEMPORARY: &str = ".stage-guard-";

/// Returns a file name that nothing else has, for a file that is being written.
#[must_use]
pub(crate) fn temporary_name() -> OsString {
    format!("{TEMPORARY}{:016x}", RandomState::new().hash_one(process::id())).into()
}

/// Whether `name` is one that [`temporary_name`] returns.
#[must_use]
pub(crate) fn is_temporary_name(name: &OsStr) -> bool {
    let id = name.as_bytes().strip_prefix(TEMPORARY.as_bytes());
    id.is_some_and(|id| id.len() == 16 && id.iter().all(u8::is_ascii_hexdigit))
}

/// The metadata of a file, a directory or a symlink itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Metadata(Stat);

impl Metadata {
    /// Returns the metadata of an open file.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub(super) fn of(file: impl AsFd) -> io::Result<Self> {
        Ok(Self(fstat(file)?))
    }

    /// Whether it is a directory.
    #[must_use]
    pub(crate) fn is_directory(&self) -> bool {
        self.file_type() == FileType::Directory
    }

    /// Whether it is a regular file.
    #[must_use]
    pub(crate) fn is_file(&self) -> bool {
        self.file_type() == FileType::RegularFile
    }

    /// Whether it is a symlink.
    #[must_use]
    pub(crate) fn is_symlink(&self) -> bool {
        self.file_type() == FileType::Symlink
    }

    /// Whether both describe one file, which may have changed in between.
    #[must_use]
    pub(crate) fn is_same_file(&self, other: &Self) -> bool {
        self.is_on_same_device(other) && self.0.st_ino == other.0.st_ino
    }

    /// Whether both files are on one file system.
    #[must_use]
    pub(crate) fn is_on_same_device(&self, other: &Self) -> bool {
        self.0.st_dev == other.0.st_dev
    }

    /// Whether both describe one file, with the same contents, mode and owner.
    #[must_use]
    pub(crate) fn is_unchanged(&self, other: &Self) -> bool {
        let (a, b) = (&self.0, &other.0);
        // Each change of a file sets its change time, and so does a new name.
        self.is_same_version(other) && a.st_ctime == b.st_ctime && a.st_ctime_nsec == b.st_ctime_nsec
    }

    /// Whether both describe one file that was not written to in between.
    #[must_use]
    pub(super) fn is_same_version(&self, other: &Self) -> bool {
        self.is_same_file(other)
            && self.size() == other.size()
            && self.mode() == other.mode()
            && self.modified() == other.modified()
    }

    /// Whether the file has other hard links.
    #[must_use]
    pub(crate) fn has_other_links(&self) -> bool {
        self.0.st_nlink > 1
    }

    /// Returns the type and the permissions.
    #[must_use]
    pub(crate) fn mode(&self) -> u32 {
        #[allow(clippy::useless_conversion, reason = "the type depends on the system")]
        self.0.st_mode.into()
    }

    /// Returns the size in bytes.
    #[must_use]
    pub(crate) fn size(&self) -> u64 {
        self.0.st_size.cast_unsigned()
    }

    /// Returns the time of the last write, in seconds and nanoseconds.
    #[must_use]
    pub(crate) fn modified(&self) -> (i64, i64) {
        #[allow(
            clippy::unnecessary_cast,
            clippy::cast_possible_wrap,
            reason = "the type depends on the system"
        )]
        (self.0.st_mtime as i64, self.0.st_mtime_nsec as i64)
    }

    /// Returns the time of the last access, in seconds and nanoseconds.
    pub(super) fn accessed(&self) -> (i64, i64) {
        #[allow(
            clippy::unnecessary_cast,
            clippy::cast_possible_wrap,
            reason = "the type depends on the system"
        )]
        (self.0.st_atime as i64, self.0.st_atime_nsec as i64)
    }

    /// Returns the ids of the user and the group.
    pub(super) fn owner(&self) -> (u32, u32) {
        (self.0.st_uid, self.0.st_gid)
    }

    /// Returns the permissions.
    pub(super) fn permissions(&self) -> Mode {
        Mode::from_raw_mode(self.0.st_mode)
    }

    fn file_type(&self) -> FileType {
        FileType::from_raw_mode(self.0.st_mode)
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::fs;
    use std::io::ErrorKind;
    use std::os::unix::fs::symlink;
    use std::path::Path;
    use std::process::Command;

    use super::Directory;

    fn name(name: &str) -> &OsStr {
        OsStr::new(name)
    }

    #[test]
    fn descend_follows_no_symlink() {
        let temp = tempfile::tempdir().unwrap();
        fs::create_dir_all(temp.path().join("in/deep")).unwrap();
        symlink("in", temp.path().join("link")).unwrap();
        let directory = Directory::open(temp.path()).unwrap();
        assert!(directory.descend(Path::new("in/deep")).is_ok());
        for path in ["link", "link/deep", "in/..", "..", "/", "missing"] {
            assert!(directory.descend(Path::new(path)).is_err(), "{path}");
        }
    }

    #[test]
    fn a_symlink_in_the_place_of_an_open_directory_is_not_followed() {
        let temp = tempfile::tempdir().unwrap();
        let [inside, moved, outside] = ["inside", "moved", "outside"].map(|name| temp.path().join(name));
        fs::create_dir(&inside).unwrap();
        fs::create_dir(&outside).unwrap();
        for directory in [&inside, &outside] {
            fs::write(directory.join("a"), "precious").unwrap();
            fs::write(directory.join("b"), "precious").unwrap();
        }
        let directory = Directory::open(&inside).unwrap();
        fs::rename(&inside, &moved).unwrap();
        symlink(&outside, &inside).unwrap();
        directory.remove_file(name("a")).unwrap();
        directory.rename_no_replace(name("b"), &directory, name("c")).unwrap();
        directory.create_file(name("d"), 0o600).unwrap();
        directory.create_directory(name("e")).unwrap();
        let mut names = directory.names().unwrap();
        names.sort();
        assert_eq!(names, ["c", "d", "e"]);
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 2);
        assert_eq!(fs::read_dir(&moved).unwrap().count(), 3);
    }

    #[test]
    fn nothing_is_replaced() {
        let temp = tempfile::tempdir().unwrap();
        for file in ["a", "b"] {
            fs::write(temp.path().join(file), file).unwrap();
        }
        fs::create_dir(temp.path().join("empty")).unwrap();
        let directory = Directory::open(temp.path()).unwrap();
        for taken in ["b", "empty"] {
            let results = [
                directory.rename_no_replace(name("a"), &directory, name(taken)),
                directory.link_and_remove(name("a"), &directory, name(taken)),
                directory.create_file(name(taken), 0o600).map(drop),
                directory.create_symlink(name("a"), name(taken)),
                directory.create_directory(name(taken)),
            ];
            for result in results {
                assert_eq!(result.unwrap_err().kind(), ErrorKind::AlreadyExists, "{taken}");
            }
        }
        assert_eq!(fs::read(temp.path().join("a")).unwrap(), b"a");
        assert_eq!(fs::read(temp.path().join("b")).unwrap(), b"b");
        directory.link_and_remove(name("a"), &directory, name("c")).unwrap();
        assert_eq!(fs::read(temp.path().join("c")).unwrap(), b"a");
        assert!(!directory.contains(name("a")).unwrap());
    }

    #[test]
    fn two_files_are_exchanged() {
        let temp = tempfile::tempdir().unwrap();
        for path in ["a", "d/b"] {
            fs::create_dir_all(temp.path().join("d")).unwrap();
            fs::write(temp.path().join(path), path).unwrap();
        }
        let directory = Directory::open(temp.path()).unwrap();
        let other = directory.open_directory(name("d")).unwrap();
        let contents = || ["a", "d/b"].map(|path| fs::read_to_string(temp.path().join(path)).unwrap());
        directory.exchange(name("a"), &other, name("b")).unwrap();
        assert_eq!(contents(), ["d/b", "a"]);
        directory.exchange_in_steps(name("a"), &other, name("b")).unwrap();
        assert_eq!(contents(), ["a", "d/b"]);
        directory.exchange_in_steps(name("missing"), &other, name("b")).unwrap_err();
        assert_eq!(fs::read_dir(temp.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_link_to_the_same_file_is_moved_onto_it() {
        let temp = tempfile::tempdir().unwrap();
        fs::write(temp.path().join("a"), "a").unwrap();
        fs::hard_link(temp.path().join("a"), temp.path().join("b")).unwrap();
        let directory = Directory::open(temp.path()).unwrap();
        directory.rename_no_replace(name("a"), &directory, name("b")).unwrap();
        assert_eq!(directory.names().unwrap(), ["b"]);
    }

    #[test]
    fn metadata_tells_a_changed_file_from_another_one() {
        let temp = tempfile::tempdir().unwrap();
        let file = temp.path().join("a");
        fs::write(&file, "a").unwrap();
        let directory = Directory::open(temp.path()).unwrap();
        let before = directory.metadata(name("a")).unwrap().unwrap();
        assert!(before.is_unchanged(&directory.metadata(name("a")).unwrap().unwrap()));
        fs::write(&file, "longer").unwrap();
        let changed = directory.metadata(name("a")).unwrap().unwrap();
        assert!(changed.is_same_file(&before) && !changed.is_unchanged(&before));
        fs::write(temp.path().join("b"), "a").unwrap();
        assert!(!directory.metadata(name("b")).unwrap().unwrap().is_same_file(&before));
        assert!(directory.metadata(name("c")).unwrap().is_none());
    }

    #[test]
    fn only_a_regular_file_is_opened() {
        let temp = tempfile::tempdir().unwrap();
        fs::write(temp.path().join("file"), "").unwrap();
        symlink("file", temp.path().join("link")).unwrap();
        assert!(Command::new("mkfifo").arg(temp.path().join("fifo")).status().unwrap().success());
        let directory = Directory::open(temp.path()).unwrap();
        assert!(directory.open_file(name("file")).is_ok());
        for other in ["link", "fifo", "missing"] {
            assert!(directory.open_file(name(other)).is_err(), "{other}");
        }
        assert_eq!(directory.read_link(name("link")).unwrap(), Path::new("file"));
    }
}
