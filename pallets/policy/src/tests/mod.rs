mod evidence;
mod genesis;
mod revisions;
