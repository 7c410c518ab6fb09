//! Detection of tightenings. A change is a tightening if the new rule accepts no evidence that the
//! former rule rejects. Tightenings need no notice.

use hcc_evidence::{
	boot::BootRules,
	host::{GenerationTrust, TcbFloors},
	snp::TcbVersion,
};

use crate::*;

/// A rule that accepts something. Without the rule, nothing is accepted.
pub(crate) trait Rule {
	/// Returns `true` if `former` accepts everything that this rule accepts.
	fn is_within(&self, former: &Self) -> bool;
}

/// Returns `true` if the new rule accepts nothing that the former rule rejects.
pub(crate) fn tightens<R: Rule>(former: Option<&R>, new: Option<&R>) -> bool {
	match (former, new) {
		(_, None) => true,
		(None, Some(_)) => false,
		(Some(former), Some(new)) => new.is_within(former),
	}
}

/// Compares rules for files. A file without a rule is unknown: looser than forbidden, stricter than
/// allowed.
pub(crate) fn tightens_file(former: Option<FileRule>, new: Option<FileRule>) -> bool {
	let rank = |rule| match rule {
		Some(FileRule::Allowed) => 2,
		None => 1,
		Some(FileRule::Forbidden) => 0,
	};
	rank(new) <= rank(former)
}

/// Compares lists of required files. In a tightening, each required file stays required, and no
/// versions of it are added. Without a list, no file is required.
pub(crate) fn tightens_required(
	former: Option<&RequiredFiles>,
	new: Option<&RequiredFiles>,
) -> bool {
	let new = new.map(|files| files.as_slice()).unwrap_or_default();
	former.into_iter().flatten().all(|versions| {
		new.iter().any(|kept| kept.iter().all(|version| versions.contains(version)))
	})
}

/// Compares boot rules. Without rules only the enrolled boot profile is accepted, and with rules
/// any listed parts. Neither is a tightening of the other.
pub(crate) fn tightens_boot(former: Option<&BootRules>, new: Option<&BootRules>) -> bool {
	match (former, new) {
		(None, None) => true,
		(None, Some(_)) | (Some(_), None) => false,
		(Some(former), Some(new)) => new.secure_boot || !former.secure_boot,
	}
}

fn has_all(mask: u64, bits: u64) -> bool {
	mask & bits == bits
}

impl Rule for PlatformRules {
	fn is_within(&self, former: &Self) -> bool {
		has_all(self.guest_required, former.guest_required)
			&& has_all(self.guest_forbidden, former.guest_forbidden)
			&& has_all(self.platform_required, former.platform_required)
			&& has_all(former.platform_allowed, self.platform_allowed)
	}
}

impl Rule for CpuRules {
	fn is_within(&self, former: &Self) -> bool {
		has_all(self.mitigations, former.mitigations)
			&& tcb_versions(&self.floors)
				.iter()
				.zip(tcb_versions(&former.floors))
				.all(|(new, former)| is_at_least(new, &former))
	}
}

fn tcb_versions(floors: &TcbFloors) -> [TcbVersion; 4] {
	[floors.current, floors.reported, floors.committed, floors.launch]
}

/// Returns `true` if no component of `new` is lower than in `former`.
fn is_at_least(new: &TcbVersion, former: &TcbVersion) -> bool {
	let parts =
		|tcb: &TcbVersion| [tcb.fmc.unwrap_or(0), tcb.boot_loader, tcb.tee, tcb.snp, tcb.microcode];
	parts(new).iter().zip(parts(former)).all(|(new, former)| *new >= former)
}

impl Rule for GenerationTrust {
	fn is_within(&self, former: &Self) -> bool {
		let rank = |trust: &Self| match trust {
			Self::Full => 2,
			Self::Reduced => 1,
			Self::Suspended => 0,
		};
		rank(self) <= rank(former)
	}
}

impl Rule for Role {
	fn is_within(&self, former: &Self) -> bool {
		self == former
	}
}

impl Rule for AmdRootList {
	fn is_within(&self, former: &Self) -> bool {
		self.iter().all(|root| former.contains(root))
	}
}

impl Rule for TpmRootList {
	fn is_within(&self, former: &Self) -> bool {
		self.iter().all(|root| former.contains(root))
	}
}
