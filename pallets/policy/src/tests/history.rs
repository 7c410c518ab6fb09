use crate::history::{History, Refused, MAX_SPANS};

#[test]
fn a_value_is_found_at_the_revisions_at_which_it_was_in_force() {
	let mut row = History::default();
	row.set(Some('a'), 2, 0).unwrap();
	row.set(Some('b'), 5, 0).unwrap();
	row.set(None, 7, 0).unwrap();
	row.set(Some('c'), 9, 0).unwrap();
	let seen: Vec<_> = (0..11).map(|revision| row.at(revision).copied()).collect();
	let (a, b, c) = (Some('a'), Some('b'), Some('c'));
	assert_eq!(seen, vec![None, None, a, a, a, b, b, None, None, c, c]);
	assert_eq!(row.current(), Some(&'c'));
}

#[test]
fn what_changes_nothing_is_refused() {
	let mut row = History::default();
	assert_eq!(row.set(None, 1, 0), Err(Refused::Unchanged));
	row.set(Some('a'), 1, 0).unwrap();
	assert_eq!(row.set(Some('a'), 2, 0), Err(Refused::Unchanged));
	row.set(None, 2, 0).unwrap();
	assert_eq!(row.set(None, 3, 0), Err(Refused::Unchanged));
}

#[test]
fn what_is_needed_is_kept_and_what_is_not_is_forgotten() {
	let mut row = History::default();
	for revision in 0..MAX_SPANS {
		row.set(Some(revision), revision, 0).unwrap();
	}
	assert_eq!(row.clone().set(Some(99), MAX_SPANS, 0), Err(Refused::Full));
	row.set(Some(99), MAX_SPANS, 3).unwrap();
	assert_eq!(row.at(2), None, "forgotten");
	assert_eq!(row.at(3), Some(&3));
	assert_eq!(row.current(), Some(&99));
}
