use std::time::Duration;

use super::*;

const ED25519: &str =
	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBVsfRppwTIRezaXtvfOFEq3wB2ofTKgtDmuBICDGMyM me@laptop";
const ECDSA: &str =
	"ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBFPCm9\
	G1tJX8k+eXZqV4hklj+oixQwQ7kWSKUjS5ok6ovoNnIyczeubYBBCIxu8g3yjOAo8ZwIKjGcbWV4nKoZI= x";
/// The example in the README.
const EXAMPLE: &str = r#"{
	"version": 1,
	"host_name": "web-1",
	"ssh_keys": ["KEY"],
	"egress": { "listed": [{ "net": "203.0.113.0/24", "protocol": "tcp", "port": 443 }] },
	"publish": [{ "port": 443, "protocol": "tcp" }],
	"user_data": {
		"write_files": [{ "path": "/etc/motd", "content": "hello\n", "permissions": "0644" }],
		"runcmd": ["systemctl restart web"]
	}
}"#;

fn example() -> VmConfig {
	VmConfig::parse(EXAMPLE.replace("KEY", ED25519).as_bytes()).expect("the example is valid")
}

/// Returns the error of a changed example.
fn refused(change: impl FnOnce(&mut VmConfig)) -> ConfigError {
	let mut config = example();
	change(&mut config);
	let bytes = serde_json::to_vec(&config).expect("it can be written");
	assert_eq!(config.to_bytes().expect_err("it cannot be signed").to_string(), {
		VmConfig::parse(&bytes).expect_err("it cannot be read").to_string()
	});
	VmConfig::parse(&bytes).expect_err("it cannot be read")
}

#[test]
fn example_is_read_as_documented() {
	let config = example();
	assert_eq!(config.host_name, "web-1");
	assert_eq!(config.ssh_keys, [ED25519]);
	let Egress::Listed(destinations) = &config.egress else { panic!("destinations are listed") };
	assert_eq!(destinations[0].net, "203.0.113.0/24".parse().expect("a network"));
	assert_eq!((destinations[0].port.get(), destinations[0].protocol), (443, Protocol::Tcp));
	assert_eq!((config.publish[0].port.get(), config.publish[0].protocol), (443, Protocol::Tcp));
	assert_eq!(config.user_data.write_files[0].mode(), Some(0o644));
	assert_eq!(config.user_data.runcmd, ["systemctl restart web"]);
	let readme = include_str!("../README.md");
	let shown = EXAMPLE.lines().filter(|line| !line.contains("KEY"));
	for line in shown {
		assert!(readme.contains(line), "{line} is not in the README");
	}
}

#[test]
fn written_configuration_round_trips() {
	for config in [example(), VmConfig::named("vm")] {
		let bytes = config.to_bytes().expect("it is valid");
		assert_eq!(VmConfig::parse(&bytes), Ok(config));
	}
	let least = VmConfig::named("vm").to_bytes().expect("it is valid");
	assert_eq!(String::from_utf8_lossy(&least), r#"{"version":1,"host_name":"vm"}"#);
}

#[test]
fn length_is_bounded() {
	assert_eq!(VmConfig::parse(b""), Err(ConfigError::Length(0)));
	let spaces =
		|len: usize| [br#"{"version":1,"host_name":"vm"}"#.to_vec(), vec![b' '; len]].concat();
	let used = spaces(0).len();
	assert!(VmConfig::parse(&spaces(MAX_CONFIG - used)).is_ok());
	let long = VmConfig::parse(&spaces(MAX_CONFIG - used + 1));
	assert_eq!(long, Err(ConfigError::Length(MAX_CONFIG + 1)));
	let mut config = VmConfig::named("vm");
	config.user_data.runcmd.push("x".repeat(MAX_CONFIG));
	assert!(matches!(config.to_bytes(), Err(ConfigError::Length(_))));
}

#[test]
fn unknown_repeated_and_trailing_input_is_refused() {
	for text in [
		r#"{"version":1,"host_name":"vm","host":"x"}"#,
		r#"{"version":1,"host_name":"vm","host_name":"x"}"#,
		r#"{"version":1,"host_name":"vm"}{}"#,
		r#"{"version":1,"host_name":"vm","egress":"some"}"#,
		r#"{"version":1,"host_name":"vm","publish":[{"port":0}]}"#,
		r#"{"version":1,"host_name":"vm","publish":[{"port":80,"protocol":"sctp"}]}"#,
		r#"{"version":1,"host_name":"vm","egress":{"listed":[{"net":"10.0.0.1/8","port":1}]}}"#,
		r#"{"version":1,"host_name":"vm","user_data":{"packages":["x"]}}"#,
		r#"{"version":1}"#,
		r#"{"host_name":"vm"}"#,
		"[]",
		"\u{feff}{}",
	] {
		let read = VmConfig::parse(text.as_bytes());
		assert!(matches!(read, Err(ConfigError::Format(_))), "{text}: {read:?}");
	}
}

#[test]
fn values_that_no_vm_can_apply_are_refused() {
	assert_eq!(refused(|config| config.version = 2), ConfigError::Version(2));
	for name in ["", "-a", "a-", "a..b", "A", "a_b", "a b", &"x".repeat(64)] {
		let error = refused(|config| config.host_name = name.into());
		assert_eq!(error, ConfigError::HostName(name.into()));
	}
	let error = refused(|config| config.publish.push(config.publish[0]));
	assert_eq!(error, ConfigError::RepeatedPort { at: 1, port: 443 });
	for path in ["motd", "", "/", "/etc/../motd", "/a\0"] {
		let error = refused(|config| config.user_data.write_files[0].path = path.into());
		assert!(matches!(error, ConfigError::Path { at: 0, .. }), "{path:?}: {error}");
	}
	for mode in ["", "0o644", "10000", "9", "+644"] {
		let error = refused(|config| {
			config.user_data.write_files[0].permissions = Some(mode.into());
		});
		assert_eq!(error, ConfigError::Permissions { at: 0 }, "{mode:?}");
	}
	let error = refused(|config| config.user_data.runcmd.push(String::new()));
	assert_eq!(error, ConfigError::Command { at: 1 });
}

#[test]
fn lists_are_bounded() {
	for change in [
		|config: &mut VmConfig| config.ssh_keys = vec![String::from("x"); MAX_KEYS + 1],
		|config: &mut VmConfig| config.publish = vec![config.publish[0]; MAX_PUBLISHED + 1],
		|config: &mut VmConfig| config.user_data.runcmd = vec!["x".into(); MAX_USER_DATA + 1],
	] {
		let error = refused(change);
		assert!(matches!(error, ConfigError::TooMany { .. }), "{error}");
	}
}

#[test]
fn common_ssh_keys_are_accepted() {
	let mut config = VmConfig::named("vm");
	config.ssh_keys = vec![ED25519.into(), ECDSA.into()];
	assert!(config.to_bytes().is_ok(), "{:?}", config.to_bytes());
}

#[test]
fn lines_that_admit_other_keys_are_refused() {
	let two = format!("{ED25519}\n{ECDSA}");
	let with_options = format!("command=\"sh\" {ED25519}");
	let mismatched = ED25519.replace("ssh-ed25519", "ssh-rsa");
	let cut = ED25519.get(..40).expect("it is longer");
	for line in [two.as_str(), &with_options, &mismatched, cut, "", "ssh-ed25519"] {
		let error = refused(|config| config.ssh_keys[0] = line.into());
		assert!(matches!(error, ConfigError::SshKey { at: 0, .. }), "{line}: {error}");
	}
}

#[test]
fn networks_have_no_host_bits() {
	let net = |text: &str| text.parse::<Net>();
	for (text, shown) in [
		("203.0.113.7", "203.0.113.7/32"),
		("203.0.113.0/24", "203.0.113.0/24"),
		("0.0.0.0/0", "0.0.0.0/0"),
		("2001:db8::/32", "2001:db8::/32"),
		("::1", "::1/128"),
		("::/0", "::/0"),
	] {
		assert_eq!(net(text).map(|net| net.to_string()), Ok(shown.into()));
	}
	for text in ["203.0.113.7/24", "2001:db8::1/32", "128.0.0.0/0"] {
		assert_eq!(net(text), Err(InvalidNet::HostBits(text.into())));
	}
	for text in ["", "x", "1.2.3", "1.2.3.4/33", "::/129", "1.2.3.4/", "1.2.3.4/+8", "1.2.3.4/256"]
	{
		assert_eq!(net(text), Err(InvalidNet::Malformed(text.into())));
	}
}

/// Run time of the fuzz target in `cargo test`.
const TEST_TIME: Duration = Duration::from_secs(1);

/// An edit of the example: a position, and the byte to write there.
type Edits = Vec<(u16, u8)>;

#[test]
fn parsed_configuration_can_be_written_again() {
	let valid = EXAMPLE.replace("KEY", ED25519).into_bytes();
	bolero::check!().with_type::<Edits>().with_test_time(TEST_TIME).for_each(|edits| {
		let mut bytes = valid.clone();
		for (at, byte) in edits {
			let at = usize::from(*at) % bytes.len();
			bytes[at] = *byte;
		}
		if let Ok(config) = VmConfig::parse(&bytes) {
			let again = config.to_bytes().expect("a valid configuration");
			assert_eq!(VmConfig::parse(&again), Ok(config));
		}
	});
}
