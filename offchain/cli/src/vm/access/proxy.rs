//! `hcc vm proxy`: SSH of a VM on standard input and output, for ProxyCommand.

use std::{
	io::{self, Read, Write},
	net::{Shutdown, TcpStream},
	thread,
};

use anyhow::Context;
use hcc_guest_protocol::relay::Service;

use super::{open_blocking, Reach};
use crate::output;

/// Size of the buffer for each direction.
const BUFFER: usize = 32 << 10;

/// Connect standard input and output to the SSH server of a VM, for ProxyCommand of ssh.
#[derive(Debug, clap::Args)]
pub(crate) struct Proxy {
	#[command(flatten)]
	reach: Reach,
}

impl Proxy {
	pub(crate) fn run(&self) -> anyhow::Result<()> {
		let stream = open_blocking(&self.reach.route()?, Service::Ssh, None)?;
		let upward = stream.try_clone()?;
		// The end of the VM's output ends the program, even if this still waits for input.
		thread::spawn(move || send(upward));
		receive(stream).context("the connection to the relay broke")
	}
}

/// Sends standard input to the VM, and then its end.
fn send(mut stream: TcpStream) {
	let mut buffer = vec![0; BUFFER];
	let mut input = io::stdin().lock();
	while let Ok(count @ 1..) = input.read(&mut buffer) {
		if stream.write_all(&buffer[..count]).is_err() {
			return;
		}
	}
	// The VM may have closed the connection already.
	drop(stream.shutdown(Shutdown::Write));
}

/// Prints what the VM sends, until its end.
fn receive(mut stream: TcpStream) -> io::Result<()> {
	let mut buffer = vec![0; BUFFER];
	loop {
		let count = stream.read(&mut buffer)?;
		if count == 0 || output::is_lost() {
			return Ok(());
		}
		output::bytes(&buffer[..count]);
	}
}
