use super::*;

const ARGUMENT: u64 = 0x7000;
const REQ: u64 = 0x8000;
const RESP: u64 = 0x9000;

fn request(opcode: u32, body: &[u8]) -> Vec<u8> {
	let len = (40 + body.len()) as u32;
	let mut bytes = [&len.to_le_bytes()[..], &opcode.to_le_bytes(), &7u64.to_le_bytes()].concat();
	bytes.resize(40, 0);
	bytes.extend(body);
	bytes
}

fn ioctl(command: u32, data: &[u8]) -> Vec<u8> {
	let body = [
		&0u64.to_le_bytes()[..],
		&0u32.to_le_bytes(),
		&command.to_le_bytes(),
		&ARGUMENT.to_le_bytes(),
		&(data.len() as u32).to_le_bytes(),
		&0u32.to_le_bytes(),
		data,
	];
	request(39, &body.concat())
}

fn device() -> Device<impl FnMut([u8; 64]) -> Result<Vec<u8>, String>> {
	Device::new(|data: [u8; 64]| Ok([&data[..], &[0xab; 1_120]].concat()))
}

fn reply(request: &[u8]) -> Vec<u8> {
	device().answer(request).expect("a reply")
}

fn error_of(reply: &[u8]) -> i32 {
	i32::from_le_bytes(reply[4..8].try_into().expect("4 bytes"))
}

fn guest_request() -> Vec<u8> {
	[&1u64.to_le_bytes()[..], &REQ.to_le_bytes(), &RESP.to_le_bytes(), &0u64.to_le_bytes()].concat()
}

fn regions(reply: &[u8]) -> Vec<(u64, u64)> {
	let number = |at: usize| u64::from_le_bytes(reply[at..at + 8].try_into().expect("8 bytes"));
	(32..reply.len()).step_by(16).map(|at| (number(at), number(at + 8))).collect()
}

#[test]
fn init_reply_has_name_and_unrestricted_ioctl() {
	let reply = reply(&request(4_096, &[7u32.to_le_bytes(), 36u32.to_le_bytes()].concat()));
	assert_eq!(reply.len() as u32, u32::from_le_bytes(reply[..4].try_into().expect("4 bytes")));
	assert_eq!(error_of(&reply), 0);
	assert_eq!(reply[28], 1, "unrestricted ioctl");
	assert!(reply.ends_with(b"DEVNAME=sev-guest\0"));
}

#[test]
fn report_takes_three_rounds() {
	let first = reply(&ioctl(GET_REPORT, &[]));
	assert_eq!(regions(&first), [(ARGUMENT, 32)]);
	let second = reply(&ioctl(GET_REPORT, &guest_request()));
	assert_eq!(regions(&second), [(ARGUMENT, 32), (REQ, 96), (ARGUMENT, 32), (RESP, 4_000)]);
	let data = [guest_request(), vec![0x5a; 96]].concat();
	let third = reply(&ioctl(GET_REPORT, &data));
	assert_eq!(third.len(), 16 + 16 + 32 + 4_000);
	let response = &third[16 + 16 + 32..];
	assert_eq!(response[..4], [0; 4], "the status is success");
	assert_eq!(response[4..8], 1_184u32.to_le_bytes());
	assert_eq!(response[32..96], [0x5a; 64], "the report contains the requested REPORT_DATA");
}

#[test]
fn unknown_requests_are_refused() {
	assert_eq!(error_of(&reply(&ioctl(0xc020_5301, &[]))), ENOTTY);
	assert_eq!(error_of(&reply(&request(15, &[]))), ENOSYS);
	assert!(device().answer(&[0; 12]).is_none());
	assert!(device().answer(&request(36, &[])).is_none());
}

#[test]
fn failing_source_returns_eio() {
	let mut device = Device::new(|_| Err::<Vec<u8>, _>("no chip"));
	let data = [guest_request(), vec![0; 96]].concat();
	let reply = device.answer(&ioctl(GET_REPORT, &data)).expect("a reply");
	assert_eq!(error_of(&reply), EIO);
}
