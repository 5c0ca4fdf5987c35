//! The ingest table (reliability 3.1): the real program imports what no log should hold.
//!
//! Where the table's limits and wording and the product's own differ, the product's stand.

mod files;
mod lines;
mod memory;
mod running;
pub(crate) mod scene;

use crate::faults::Row::{self, By};

/// Section 3.1.
pub(crate) const INGEST: &[(u8, Row)] = &[
    (1, By(&["i_01_malformed_lines_are_told_with_their_place"])),
    (2, By(&["i_02_what_follows_a_record_spoils_its_line_alone"])),
    (3, By(&["i_03_bytes_that_are_no_text_are_not_replaced"])),
    (4, By(&["i_04_half_a_surrogate_is_no_text"])),
    (5, By(&["i_05_a_byte_order_mark_counts_only_at_the_start"])),
    (6, By(&["i_06_line_ends_may_mix_and_places_are_exact"])),
    (7, By(&["i_07_a_last_line_needs_no_end"])),
    (8, By(&["i_08_half_a_line_waits_for_its_other_half"])),
    (9, By(&["i_09_empty_files_and_blank_lines_are_no_error"])),
    (10, By(&["i_10_a_line_of_100_mb_is_never_held"])),
    (11, By(&["i_11_a_line_without_end_is_never_held_and_can_be_stopped"])),
    (12, By(&["i_12_depth_is_capped"])),
    (13, By(&["i_13_a_key_that_stands_twice_has_no_value"])),
    (14, By(&["i_14_i_15_numbers_that_are_none_or_too_large_have_one_verdict_wherever_they_stand"])),
    (15, By(&["i_14_i_15_numbers_that_are_none_or_too_large_have_one_verdict_wherever_they_stand"])),
    (16, By(&["i_16_large_numbers_keep_their_digits"])),
    (17, By(&["i_17_a_wrong_type_is_told_without_its_value"])),
    (18, By(&["i_18_events_without_an_id_are_counted_apart"])),
    (19, By(&["i_19_an_id_without_end_is_told_by_its_hash"])),
    (20, By(&["i_20_ids_are_kept_to_the_byte_and_shown_escaped"])),
    (21, By(&["i_21_times_that_cannot_be_are_told"])),
    (22, By(&["i_22_clock_times_are_exact_or_told"])),
    (23, By(&["i_23_the_same_record_again_is_a_repeat"])),
    (24, By(&["i_24_the_same_key_with_another_value_is_found_and_held"])),
    (25, By(&["i_25_one_id_under_two_names_is_two_keys"])),
    (26, By(&["i_26_a_truncated_file_gives_what_it_holds_and_the_whole_one_the_rest"])),
    (27, By(&["i_27_every_member_is_read"])),
    (28, By(&["i_28_damage_is_told_and_padding_is_none"])),
    (29, By(&["i_29_a_bomb_is_stopped_and_its_size_never_held"])),
    (30, By(&["i_30_the_bytes_tell_how_a_file_is_packed"])),
    (31, By(&["i_31_only_regular_files_are_read_and_the_others_named"])),
    (32, By(&["i_32_a_pattern_does_not_mean_our_own_files"])),
    (33, By(&["i_33_sql_in_values_is_text"])),
    (34, By(&["i_34_a_file_that_cannot_be_read_stops_no_other"])),
    (35, By(&["i_35_an_import_killed_at_any_batch_goes_on_where_it_was"])),
    (36, By(&["i_36_two_imports_of_one_file_at_once_store_it_once"])),
    (37, By(&["i_37_unknown_fields_are_passed_over_and_wide_records_capped"])),
    (38, By(&["i_38_the_corpus_neither_breaks_nor_hangs_an_import"])),
];
