//! File systems of other machines: what `SQLite` needs of locks, shared memory and syncs ends there.

use std::path::Path;

#[cfg(target_os = "linux")]
use nix::sys::statfs::FsType;

use super::StoreError;

/// Magic numbers of statfs(2), from linux/magic.h. FUSE and 9P are left out: they may be local.
const NETWORKS: [(u32, &str); 7] = [
    (0x6969, "NFS"),
    (0x517b, "SMB"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB"),
    (0x5346_414f, "AFS"),
    (0x00c3_6400, "Ceph"),
    (0x0bd0_0bd0, "Lustre"),
];

fn network(magic: u32) -> Option<&'static str> {
    NETWORKS.iter().find(|(known, _)| *known == magic).map(|(_, name)| *name)
}

/// Refuses a database on a file system of another machine (reliability S-20).
///
/// # Errors
/// [`StoreError::Io`].
pub(super) fn refuse_network(path: &Path) -> Result<(), StoreError> {
    let Some(name) = network_of(path) else { return Ok(()) };
    let what = format!("lies on a network file system ({name}): keep it on a disk of this machine (--db)");
    Err(StoreError::Io { path: path.to_path_buf(), what })
}

#[cfg(target_os = "linux")]
fn network_of(path: &Path) -> Option<&'static str> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // A folder that cannot be asked is the business of whoever opens a file in it.
    let FsType(magic) = nix::sys::statfs::statfs(folder).ok()?.filesystem_type();
    // The kernel's numbers have 32 bits; some systems keep them, with their sign, in more.
    network(u32::try_from(magic & 0xffff_ffff).ok()?)
}

#[cfg(not(target_os = "linux"))]
const fn network_of(_: &Path) -> Option<&'static str> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s_20_a_network_file_system_is_known_by_its_number() {
        assert_eq!(network(0x6969), Some("NFS"));
        assert_eq!(network(0xff53_4d42), Some("CIFS"));
        for local in [0xef53, 0x5846_5342, 0x9123_683e, 0x0102_1994, 0x794c_7630, 0x0102_1997] {
            assert_eq!(network(local), None, "ext4, XFS, Btrfs, tmpfs, overlay, 9P");
        }
    }

    #[test]
    fn a_disk_of_this_machine_is_none() {
        let folder = tempfile::tempdir().unwrap();
        assert!(refuse_network(&folder.path().join("makegood.db")).is_ok());
        assert!(refuse_network(Path::new("makegood.db")).is_ok());
    }
}
