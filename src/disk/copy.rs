//! Moves a file to another file system, with all that the system lets a copy keep.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Seek};

use rustix::fs::{AtFlags, Gid, Mode, SeekFrom, Timespec, Timestamps, Uid, XattrFlags};
use rustix::fs::{chmodat, chownat, fchmod, fchown, futimens, mkdirat, utimensat};
use rustix::fs::{fgetxattr, fgetxattr_query, flistxattr, flistxattr_query, fsetxattr};
use rustix::io::Errno;

use super::directory::{Directory, Metadata};

/// What a copy of a file could not keep.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Loss {
    /// The owner or the group.
    Owner,
    /// An extended attribute, for example an access control list.
    Attributes,
    /// The link to another name of the file.
    Link,
}

impl Directory {
    /// Copies a file or symlink to another file system, and removes it here.
    ///
    /// The copy is written as `temporary` first, a name that nothing else has. Fails if
    /// something has the new name, or if the file changes meanwhile. Returns what the copy
    /// lacks.
    ///
    /// # Errors
    ///
    /// It is a directory or the like, or cannot be copied or removed. There is no copy then.
    pub(crate) fn copy_and_remove(
        &self,
        name: &OsStr,
        to: &Self,
        new_name: &OsStr,
        temporary: &OsStr,
    ) -> io::Result<Vec<Loss>> {
        let before = self.metadata(name)?.ok_or(io::ErrorKind::NotFound)?;
        let copied = self.copy(name, &before, to, temporary).and_then(|losses| {
            if !self.metadata(name)?.is_some_and(|now| now.is_unchanged(&before)) {
                return Err(changed());
            }
            let copy = to.metadata(temporary)?.ok_or(io::ErrorKind::NotFound)?;
            to.rename_no_replace(temporary, to, new_name)?;
            Ok((losses, copy))
        });
        let (losses, copy) = copied.inspect_err(|_| drop(to.remove_file(temporary)))?;
        self.remove_if_unwritten(name, &before, &moved_name(temporary))
            .inspect_err(|_| drop(to.remove_if_unwritten(new_name, &copy, temporary)))?;
        Ok(losses)
    }

    /// Moves a directory by moving what is in it one by one, and removes it here.
    ///
    /// An overlay file system may rename the files of a lower layer, but not its directories.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::CrossesDevices`] if it is a mount point or `to` is on another file
    /// system. Something in it cannot be moved: what was moved is moved back if possible.
    pub(crate) fn move_contents(&self, name: &OsStr, to: &Self, new_name: &OsStr) -> io::Result<()> {
        let source = self.open_unmounted(name)?;
        let metadata = source.own_metadata()?;
        if !to.own_metadata()?.is_on_same_device(&metadata) {
            return Err(io::ErrorKind::CrossesDevices.into());
        }
        mkdirat(&to.0, new_name, Mode::RWXU)?;
        let target = to.open_directory(new_name)?;
        let moved = source.move_children(&target).and_then(|()| {
            let (user, group) = owner(&metadata);
            let _ = chownat(&to.0, new_name, Some(user), Some(group), AtFlags::SYMLINK_NOFOLLOW);
            chmodat(&to.0, new_name, metadata.permissions(), AtFlags::empty())?;
            utimensat(&to.0, new_name, &timestamps(&metadata), AtFlags::SYMLINK_NOFOLLOW)?;
            self.remove_directory(name)
        });
        moved.inspect_err(|_| {
            let _ = target.move_children(&source);
            let _ = to.remove_directory(new_name);
        })
    }

    /// Moves everything in this directory to `target`.
    fn move_children(&self, target: &Self) -> io::Result<()> {
        for name in self.names()? {
            match self.rename_no_replace(&name, target, &name) {
                Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
                    self.move_contents(&name, target, &name)?;
                }
                moved => moved?,
            }
        }
        Ok(())
    }

    /// Removes a file or symlink if it was not written to since `before`.
    ///
    /// It is renamed to `temporary` first, so that what another process writes or renames in its
    /// place is not removed.
    ///
    /// # Errors
    ///
    /// It was written to or replaced, or cannot be removed. It keeps its name, unless another
    /// file has that now.
    fn remove_if_unwritten(&self, name: &OsStr, before: &Metadata, temporary: &OsStr) -> io::Result<()> {
        self.rename_no_replace(name, self, temporary)?;
        let is_unwritten =
            self.metadata(temporary).map(|now| now.is_some_and(|now| now.is_same_version(before)));
        is_unwritten
            .and_then(|is_unwritten| if is_unwritten { self.remove_file(temporary) } else { Err(changed()) })
            .inspect_err(|_| drop(self.rename_no_replace(temporary, self, name)))
    }

    /// Copies a file or symlink. Returns what the copy lacks.
    pub(super) fn copy(
        &self,
        name: &OsStr,
        metadata: &Metadata,
        to: &Self,
        new_name: &OsStr,
    ) -> io::Result<Vec<Loss>> {
        let mut losses = Vec::new();
        if metadata.is_symlink() {
            to.create_symlink(self.read_link(name)?.as_os_str(), new_name)?;
            let (user, group) = owner(metadata);
            let chowned = chownat(&to.0, new_name, Some(user), Some(group), AtFlags::SYMLINK_NOFOLLOW);
            losses.extend(chowned.is_err().then_some(Loss::Owner));
            utimensat(&to.0, new_name, &timestamps(metadata), AtFlags::SYMLINK_NOFOLLOW)?;
        } else if metadata.is_file() {
            let mut source = self.open_file(name)?;
            let mut copy = to.create_file(new_name, 0o600)?;
            copy_contents(&mut source, &mut copy, metadata.size())?;
            losses.extend(copy_metadata(&source, metadata, &copy)?);
            futimens(&copy, &timestamps(metadata))?;
            copy.sync_all()?;
        } else {
            return Err(io::ErrorKind::CrossesDevices.into());
        }
        losses.extend(metadata.has_other_links().then_some(Loss::Link));
        Ok(losses)
    }
}

/// Returns the name of a moved file until it is removed.
///
/// `temporary` is the name of its copy until that is complete.
#[must_use]
pub(crate) fn moved_name(temporary: &OsStr) -> OsString {
    let mut name = temporary.to_owned();
    name.push(".moved");
    name
}

fn changed() -> io::Error {
    io::Error::other("it was changed meanwhile")
}

/// Copies the owner, the attributes and the mode. Returns what the copy lacks.
pub(super) fn copy_metadata(source: &File, metadata: &Metadata, copy: &File) -> io::Result<Vec<Loss>> {
    let mut losses = Vec::new();
    losses.extend(copy_owner(metadata, copy).is_err().then_some(Loss::Owner));
    losses.extend(copy_attributes(source, copy).is_err().then_some(Loss::Attributes));
    // After the owner: to change it clears the set-user-ID bit.
    fchmod(copy, metadata.permissions())?;
    Ok(losses)
}

/// Whether both files have the same owner, mode and attributes, those of the system included.
pub(super) fn has_same_metadata(a: &File, b: &File) -> io::Result<bool> {
    let facts = |file| -> io::Result<_> {
        let metadata = Metadata::of(file)?;
        let names = attribute_names(file)?;
        let values = names.into_iter().map(|name| (attribute(file, &name).ok(), name));
        Ok((metadata.owner(), metadata.mode(), values.collect::<BTreeSet<_>>()))
    };
    Ok(facts(a)? == facts(b)?)
}

/// Copies the contents, without the holes of a sparse file.
fn copy_contents(source: &mut File, copy: &mut File, size: u64) -> io::Result<()> {
    let mut end = 0;
    while let Some(start) = next_data(source, end)? {
        end = next_hole(source, start)?.max(start + 1);
        for file in [&mut *source, &mut *copy] {
            file.seek(io::SeekFrom::Start(start))?;
        }
        io::copy(&mut source.take(end - start), copy)?;
    }
    copy.set_len(size)
}

/// Returns the offset of the first data at or after `offset`; `None` if only a hole is left.
fn next_data(file: &File, offset: u64) -> io::Result<Option<u64>> {
    match rustix::fs::seek(file, SeekFrom::Data(offset)) {
        Ok(offset) => Ok(Some(offset)),
        Err(Errno::NXIO) => Ok(None),
        // The file system knows no holes: the whole file is data.
        Err(Errno::INVAL | Errno::NOTSUP) => Ok((offset < file.metadata()?.len()).then_some(offset)),
        Err(error) => Err(error.into()),
    }
}

/// Returns the offset of the first hole after `offset`, or the end of the file.
fn next_hole(file: &File, offset: u64) -> io::Result<u64> {
    match rustix::fs::seek(file, SeekFrom::Hole(offset)) {
        Ok(offset) => Ok(offset),
        Err(Errno::INVAL | Errno::NOTSUP) => Ok(file.metadata()?.len()),
        Err(error) => Err(error.into()),
    }
}

/// Gives the copy the owner and the group of the file, as far as the user may.
fn copy_owner(metadata: &Metadata, copy: &File) -> io::Result<()> {
    let (user, group) = owner(metadata);
    // A user may give a file to another group of theirs, but not to another user.
    Ok(fchown(copy, Some(user), Some(group)).or_else(|error| {
        fchown(copy, None, Some(group))?;
        let is_owner = rustix::fs::fstat(copy)?.st_uid == user.as_raw();
        if is_owner { Ok(()) } else { Err(error) }
    })?)
}

fn owner(metadata: &Metadata) -> (Uid, Gid) {
    let (user, group) = metadata.owner();
    (Uid::from_raw(user), Gid::from_raw(group))
}

/// Copies the extended attributes, access control lists among them.
fn copy_attributes(source: &File, copy: &File) -> io::Result<()> {
    let mut result = Ok(());
    // The system sets its own labels.
    for name in attribute_names(source)?.iter().filter(|name| !name.starts_with(b"security.")) {
        // One that cannot be copied does not prevent the others.
        let copied = attribute(source, name).and_then(|value| set_attribute(copy, name, &value));
        result = result.and(copied);
    }
    result
}

/// Returns the names of the extended attributes.
fn attribute_names(file: &File) -> io::Result<Vec<Vec<u8>>> {
    let len = match flistxattr_query(file) {
        Err(Errno::NOTSUP) => return Ok(Vec::new()),
        len => len?,
    };
    let mut names = vec![0; len];
    let len = flistxattr(file, &mut names[..])?;
    let names = names[..len].split(|byte| *byte == 0).filter(|name| !name.is_empty());
    Ok(names.map(<[u8]>::to_vec).collect())
}

fn attribute(file: &File, name: &[u8]) -> io::Result<Vec<u8>> {
    let mut value = vec![0; fgetxattr_query(file, name)?];
    let len = fgetxattr(file, name, &mut value[..])?;
    value.truncate(len);
    Ok(value)
}

fn set_attribute(file: &File, name: &[u8], value: &[u8]) -> io::Result<()> {
    Ok(fsetxattr(file, name, value, XattrFlags::empty())?)
}

fn timestamps(metadata: &Metadata) -> Timestamps {
    let timespec = |(tv_sec, tv_nsec)| Timespec { tv_sec, tv_nsec };
    Timestamps {
        last_access: timespec(metadata.accessed()),
        last_modification: timespec(metadata.modified()),
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::fs::{self, File, Permissions};
    use std::io::{Seek, SeekFrom, Write};
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    use tempfile::TempDir;

    use super::{Directory, Loss};

    /// Moves the file `a` to another directory, as if that were on another file system.
    fn move_a(from: &TempDir, to: &TempDir) -> std::io::Result<Vec<Loss>> {
        let name = OsStr::new("a");
        let [source, target] = [from, to].map(|directory| Directory::open(directory.path()).unwrap());
        source.copy_and_remove(name, &target, name, OsStr::new("temporary"))
    }

    #[test]
    fn a_copy_keeps_mode_times_attributes_and_holes() {
        let [from, to] = [TempDir::new().unwrap(), TempDir::new().unwrap()];
        let path = from.path().join("a");
        let mut file = File::create(&path).unwrap();
        file.write_all(b"begin").unwrap();
        file.seek(SeekFrom::Start(4 << 20)).unwrap();
        file.write_all(b"end").unwrap();
        file.set_len(8 << 20).unwrap();
        let has_attributes =
            rustix::fs::fsetxattr(&file, "user.test", b"x", rustix::fs::XattrFlags::empty()).is_ok();
        fs::set_permissions(&path, Permissions::from_mode(0o741)).unwrap();
        file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
        let (before, contents) = (file.metadata().unwrap(), fs::read(&path).unwrap());
        assert_eq!(move_a(&from, &to).unwrap(), []);
        let moved = to.path().join("a");
        let after = fs::metadata(&moved).unwrap();
        let facts = |metadata: &fs::Metadata| {
            (metadata.mode(), metadata.mtime(), metadata.mtime_nsec(), metadata.uid(), metadata.blocks())
        };
        assert_eq!(facts(&after), facts(&before));
        assert!(fs::read(&moved).unwrap() == contents);
        if has_attributes {
            let mut value = [0; 8];
            let len = rustix::fs::getxattr(&moved, "user.test", &mut value[..]).unwrap();
            assert_eq!(&value[..len], b"x");
        }
        assert!(!path.exists());
    }

    #[test]
    fn a_symlink_is_copied_as_a_symlink() {
        let [from, to] = [TempDir::new().unwrap(), TempDir::new().unwrap()];
        symlink("nowhere", from.path().join("a")).unwrap();
        assert_eq!(move_a(&from, &to).unwrap(), []);
        assert_eq!(fs::read_link(to.path().join("a")).unwrap().to_str(), Some("nowhere"));
    }

    #[test]
    fn a_lost_hard_link_is_named() {
        let [from, to] = [TempDir::new().unwrap(), TempDir::new().unwrap()];
        fs::write(from.path().join("a"), "x").unwrap();
        fs::hard_link(from.path().join("a"), from.path().join("b")).unwrap();
        assert_eq!(move_a(&from, &to).unwrap(), [Loss::Link]);
        assert_eq!(fs::read(from.path().join("b")).unwrap(), b"x");
    }

    #[test]
    fn a_copy_replaces_nothing() {
        let [from, to] = [TempDir::new().unwrap(), TempDir::new().unwrap()];
        fs::write(from.path().join("a"), "mine").unwrap();
        fs::write(to.path().join("a"), "theirs").unwrap();
        assert!(move_a(&from, &to).is_err());
        assert_eq!(fs::read(from.path().join("a")).unwrap(), b"mine");
        assert_eq!(fs::read(to.path().join("a")).unwrap(), b"theirs");
        assert!(!to.path().join("temporary").exists());
    }

    #[test]
    fn what_another_program_writes_meanwhile_is_not_removed() {
        let temp = TempDir::new().unwrap();
        let (name, temporary) = (OsStr::new("a"), OsStr::new("temporary"));
        let [path, other] = ["a", "b"].map(|name| temp.path().join(name));
        let directory = Directory::open(temp.path()).unwrap();
        let append = || File::options().append(true).open(&path).unwrap().write_all(b" theirs").unwrap();
        let replace = || fs::rename(&other, &path).unwrap();
        for (change, expected) in
            [(&append as &dyn Fn(), Some("mine theirs")), (&replace, Some("edit")), (&|| {}, None)]
        {
            fs::write(&path, "mine").unwrap();
            fs::write(&other, "edit").unwrap();
            let before = directory.metadata(name).unwrap().unwrap();
            change();
            let removed = directory.remove_if_unwritten(name, &before, temporary);
            assert_eq!(removed.is_err(), expected.is_some());
            assert_eq!(fs::read_to_string(&path).ok().as_deref(), expected);
            assert!(!directory.contains(temporary).unwrap());
        }
    }

    #[test]
    fn a_file_that_cannot_be_removed_is_not_copied() {
        let [from, to] = [TempDir::new().unwrap(), TempDir::new().unwrap()];
        fs::write(from.path().join("a"), "mine").unwrap();
        fs::create_dir(from.path().join("temporary.moved")).unwrap();
        assert!(move_a(&from, &to).is_err());
        assert_eq!(fs::read(from.path().join("a")).unwrap(), b"mine");
        assert_eq!(fs::read_dir(to.path()).unwrap().count(), 0);
    }
}
