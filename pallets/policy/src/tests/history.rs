use crate::history::{History, HistoryError, MAX_SPANS};

#[test]
fn value_found_at_its_revisions() {
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
fn set_without_change_is_refused() {
	let mut row = History::default();
	assert_eq!(row.set(None, 1, 0), Err(HistoryError::Unchanged));
	row.set(Some('a'), 1, 0).unwrap();
	assert_eq!(row.set(Some('a'), 2, 0), Err(HistoryError::Unchanged));
	row.set(None, 2, 0).unwrap();
	assert_eq!(row.set(None, 3, 0), Err(HistoryError::Unchanged));
}

#[test]
fn full_history_prunes_unneeded_values() {
	let mut row = History::default();
	for revision in 0..MAX_SPANS {
		row.set(Some(revision), revision, 0).unwrap();
	}
	assert_eq!(row.clone().set(Some(99), MAX_SPANS, 0), Err(HistoryError::Full));
	row.set(Some(99), MAX_SPANS, 3).unwrap();
	assert_eq!(row.at(2), None, "pruned");
	assert_eq!(row.at(3), Some(&3));
	assert_eq!(row.current(), Some(&99));
}
