//! Points in time, as arguments and in the output.

use hcc_evidence::UnixSeconds;
use time::{format_description::well_known::Rfc3339, OffsetDateTime};

/// Parses a point in time: a date (its midnight in UTC), RFC 3339, or seconds since 1970.
pub(crate) fn instant(text: &str) -> Result<UnixSeconds, String> {
	let wanted = "expected 2026-11-30, 2026-11-30T12:00:00Z, or seconds since 1970";
	let digits = text.strip_prefix('@').unwrap_or(text);
	if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
		if text.len() == 8 && digits == text {
			return Err(format!("{text} may be a date or seconds: write 2026-11-30 or @{text}"));
		}
		let seconds = digits.parse().ok().filter(|seconds| moment(*seconds).is_some());
		return seconds.map(UnixSeconds).ok_or_else(|| format!("{text} is beyond the year 9999"));
	}
	let date =
		if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.replacen(' ', "T", 1) };
	let time =
		OffsetDateTime::parse(&date, &Rfc3339).map_err(|error| format!("{wanted}: {error}"))?;
	u64::try_from(time.unix_timestamp())
		.map(UnixSeconds)
		.map_err(|_| "the time is before 1970".to_owned())
}

fn moment(seconds: u64) -> Option<OffsetDateTime> {
	i64::try_from(seconds)
		.ok()
		.and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
}

/// Formats a point in time as RFC 3339. If RFC 3339 cannot express it, returns the number of
/// seconds.
pub(crate) fn rfc3339(seconds: UnixSeconds) -> String {
	let formatted = moment(seconds.0).and_then(|time| time.format(&Rfc3339).ok());
	formatted.unwrap_or_else(|| seconds.0.to_string())
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn dates_times_and_seconds_are_read() {
		for (text, seconds) in [
			("2026-11-30", 1_795_996_800),
			("2026-11-30T00:00:00Z", 1_795_996_800),
			("2026-11-30 02:00:00+02:00", 1_795_996_800),
			("1795996800", 1_795_996_800),
			("@0", 0),
			("0", 0),
		] {
			assert_eq!(instant(text), Ok(UnixSeconds(seconds)), "{text}");
		}
		for bad in
			["", "20261130", "2026-13-01", "30.11.2026", "1969-01-01", "99999999999999999999", "@"]
		{
			assert!(instant(bad).is_err(), "{bad}");
		}
		assert_eq!(rfc3339(UnixSeconds(1_795_996_800)), "2026-11-30T00:00:00Z");
	}
}
