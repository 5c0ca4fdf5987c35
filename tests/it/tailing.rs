//! The tailing table (reliability 3.2): the real program follows logs that are rotated, cut, replaced,
//! lost and killed; what is stored is what was written, each line once.

mod kills;
mod rotation;
mod rows;
mod scene;

use crate::faults::Row::{self, By};

/// Section 3.2.
pub(crate) const TAILING: &[(u8, Row)] = &[
    (
        1,
        By(&[
            "t_01_t_02_t_05_every_rotation_keeps_every_line_once",
            "t_01_a_name_that_no_pattern_matches_is_read_to_its_end",
        ]),
    ),
    (2, By(&["t_01_t_02_t_05_every_rotation_keeps_every_line_once"])),
    (3, By(&["t_03_a_file_that_is_cut_and_filled_again_is_read_from_its_start"])),
    (4, By(&["t_04_an_inode_used_again_is_another_file"])),
    (
        5,
        By(&[
            "t_01_t_02_t_05_every_rotation_keeps_every_line_once",
            "t_05_what_was_packed_while_nothing_ran_is_not_read_twice",
        ]),
    ),
    (6, By(&["t_06_without_events_a_look_finds_what_is_new"])),
    (7, By(&["t_07_a_folder_may_come_late_go_and_return"])),
    (8, By(&["t_08_kills_at_random_lose_and_double_nothing"])),
    (9, By(&["t_09_a_reader_that_stays_stops_nothing_and_the_log_is_emptied"])),
];
