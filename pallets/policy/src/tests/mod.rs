mod evidence;
mod genesis;
mod history;
mod revisions;
mod revocation;
mod signers;
mod tighten;
mod veks;
