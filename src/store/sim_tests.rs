//! The simulated disk does what its documentation says, so that crash tests prove something.

use super::*;

/// A disk with "old" synced in every respect in log/a, "fresh" appended, and `x` replaced without syncing.
fn prepared() -> SimDisk {
    let disk = SimDisk::new();
    disk.create_dir_all("log").unwrap();
    disk.append("log/a", b"old").unwrap();
    disk.sync("log/a").unwrap();
    disk.sync_folder("log").unwrap();
    disk.replace("x", b"before", true).unwrap();
    disk.sync_folder("").unwrap();
    disk.append("log/a", b"fresh").unwrap();
    disk.replace("x", b"after!", false).unwrap();
    assert_eq!(disk.total_ops(), 8);
    disk
}

#[test]
fn a_power_cut_leaves_what_was_synced_and_of_the_rest_what_the_fate_says() {
    let (disk, mut seen) = (prepared(), BTreeSet::new());
    disk.crash_now(Fate::Kept);
    assert_eq!(disk.reboot().read("log/a").unwrap(), b"oldfresh");
    assert_eq!(disk.reboot().read("x").unwrap(), b"after!");
    disk.crash_now(Fate::Lost);
    assert_eq!(disk.reboot().read("log/a").unwrap(), b"old");
    assert_eq!(disk.reboot().read("x").unwrap(), b"before");
    for seed in 0..400 {
        disk.crash_now(Fate::Torn { seed });
        let log = disk.reboot().read("log/a").unwrap();
        let end = log.iter().position(|&byte| byte == 0);
        let (written, zeros) = log.split_at(end.unwrap_or(log.len()));
        assert!(written.starts_with(b"old") && b"oldfresh".starts_with(written), "seed {seed}");
        assert!(zeros.is_empty() || (log.len() == 8 && zeros.iter().all(|&byte| byte == 0)), "seed {seed}");
        let x = disk.reboot().read("x").unwrap();
        assert!(x == b"before" || (x.len() < 6 && b"after!".starts_with(&x[..])), "seed {seed}");
        seen.insert(log);
        seen.insert(x);
    }
    assert_eq!(seen.len(), 6 + 5 + 7, "old + 0 to 5 bytes of fresh; the same with zeros after 0 to 4; before, and 0 to 5 bytes of after!");
}

#[test]
fn a_crash_stops_everything_and_says_where() {
    let disk = SimDisk::new();
    disk.crash_at(1, Fate::Lost);
    disk.append("a", b"x").unwrap();
    let error = disk.append("a", b"y").unwrap_err();
    assert_eq!(error.to_string(), "cannot append to a: the power is off (simulated power cut at operation 1, Lost)");
    assert!(disk.is_off() && disk.read("a").is_err() && disk.exists("a").is_err());
    assert!(!disk.reboot().exists("a").unwrap());
}

#[test]
fn a_synced_file_under_an_unsynced_name_can_vanish_and_so_can_a_folder() {
    let disk = SimDisk::new();
    disk.create_dir_all("log/deep").unwrap();
    disk.append("log/deep/a", b"x").unwrap();
    disk.sync("log/deep/a").unwrap();
    disk.sync_folder("log/deep").unwrap();
    disk.sync_folder("log").unwrap();
    disk.crash_now(Fate::Lost);
    assert!(!disk.reboot().exists("log").unwrap(), "the name log itself was never synced");
    disk.crash_now(Fate::Kept);
    assert_eq!(disk.reboot().list("log/deep").unwrap(), ["a"]);
}

#[test]
fn a_later_sync_does_not_save_what_a_failed_one_lost() {
    let disk = SimDisk::new();
    disk.append("a", b"good").unwrap();
    disk.sync("a").unwrap();
    disk.sync_folder("").unwrap();
    disk.append("a", b"lost").unwrap();
    disk.fail_sync_at(0);
    assert!(disk.sync("a").is_err());
    disk.append("a", b"more").unwrap();
    disk.sync("a").unwrap();
    assert_eq!(disk.read("a").unwrap(), b"goodlostmore", "readers still see the cached pages");
    disk.crash_now(Fate::Lost);
    assert_eq!(disk.reboot().read("a").unwrap(), b"good\0\0\0\0more");
    disk.crash_now(Fate::Kept);
    assert_eq!(disk.reboot().read("a").unwrap(), b"good");
}

#[test]
fn a_full_disk_takes_a_part_and_keeps_the_old_content_on_replace() {
    let disk = SimDisk::new();
    disk.replace("x", b"1234", true).unwrap();
    disk.set_capacity_bytes(Some(10));
    assert!(disk.append("a", b"12345678").unwrap_err().is_full());
    assert_eq!(disk.read("a").unwrap(), b"123456");
    assert!(disk.replace("x", b"12345", true).unwrap_err().is_full());
    assert_eq!(disk.read("x").unwrap(), b"1234");
    disk.set_capacity_bytes(None);
    disk.fill_at(disk.total_ops() + 1);
    disk.append("b", b"1234").unwrap();
    assert!(disk.append("b", b"1234").unwrap_err().is_full());
    assert_eq!(disk.read("b").unwrap(), b"123412");
}

#[test]
fn a_durable_replace_is_never_torn() {
    let disk = SimDisk::new();
    disk.replace("x", b"before", true).unwrap();
    disk.crash_at(1, Fate::Kept);
    assert!(disk.replace("x", b"after!", true).is_err());
    for seed in 0..50 {
        disk.crash_now(Fate::Torn { seed });
        let x = disk.reboot().read("x").unwrap();
        assert!(x == b"before" || x == b"after!", "seed {seed}");
    }
}

#[test]
fn a_tile_torn_by_a_power_cut_may_be_made_again() {
    let disk = SimDisk::new();
    disk.create_dir_all("tiles").unwrap();
    disk.sync_folder("").unwrap();
    disk.replace("tiles/0", b"tile", false).unwrap();
    disk.replace("tiles/0", b"tile", false).unwrap();
    disk.crash_now(Fate::Torn { seed: 1 });
    disk.reboot().replace("tiles/0", b"tale", false).unwrap();
}

#[test]
#[should_panic(expected = "tiles/0: a tile is written once")]
fn rewriting_a_tile_panics() {
    let disk = SimDisk::new();
    disk.create_dir_all("tiles").unwrap();
    disk.replace("tiles/0", b"tile", false).unwrap();
    let _ = disk.replace("tiles/0", b"tale", false);
}

#[test]
#[should_panic(expected = "log/a: cut to 2 bytes, although 3 bytes of the log were synced")]
fn cutting_synced_bytes_of_the_log_panics() {
    let disk = prepared();
    disk.truncate("log/a", 3).unwrap();
    let _ = disk.truncate("log/a", 2);
}

#[test]
#[should_panic(expected = "log/a: replaced by other bytes")]
fn overwriting_synced_bytes_of_the_log_panics() {
    let disk = prepared();
    disk.replace("log/a", b"old and more", true).unwrap();
    let _ = disk.replace("log/a", b"older", true);
}

#[test]
#[should_panic(expected = "log/a: removed, although 3 bytes of it were synced")]
fn removing_synced_bytes_of_the_log_panics() {
    let _ = prepared().remove("log/a");
}
