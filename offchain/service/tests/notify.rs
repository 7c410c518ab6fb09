//! The protocol of the service manager, with a socket in its place. The only test of its process,
//! because it sets environment variables.

use std::{
	os::unix::net::UnixDatagram,
	time::{Duration, Instant},
};

use hcc_service::{supervise, Health};

/// The interval of the watchdog.
const WATCHDOG: Duration = Duration::from_millis(300);
/// Time in which a notification must come.
const PATIENCE: Duration = Duration::from_secs(10);

/// Receives notifications until one contains `wanted`.
fn wait_for(manager: &UnixDatagram, wanted: &str) -> bool {
	let end = Instant::now() + PATIENCE;
	while Instant::now() < end {
		if receive(manager).is_some_and(|text| text.contains(wanted)) {
			return true;
		}
	}
	false
}

fn receive(manager: &UnixDatagram) -> Option<String> {
	let mut bytes = [0; 4096];
	let length = manager.recv(&mut bytes).ok()?;
	Some(String::from_utf8_lossy(&bytes[..length]).into_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn manager_sees_start_health_watchdog_and_stop() {
	let folder = tempfile::tempdir().expect("a folder");
	let path = folder.path().join("notify");
	let manager = UnixDatagram::bind(&path).expect("a socket");
	manager.set_read_timeout(Some(Duration::from_millis(100))).expect("a time limit");
	std::env::set_var("NOTIFY_SOCKET", &path);
	std::env::set_var("WATCHDOG_USEC", WATCHDOG.as_micros().to_string());
	let health = Health::default();
	let node = health.condition("node", PATIENCE * 10);
	let pulse = health.watch("loop", WATCHDOG);
	let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
	let (end_beats, mut beats_ended) = tokio::sync::oneshot::channel::<()>();
	let beating = tokio::spawn(async move {
		while beats_ended.try_recv() == Err(tokio::sync::oneshot::error::TryRecvError::Empty) {
			pulse.beat();
			tokio::time::sleep(Duration::from_millis(20)).await;
		}
	});
	let supervised = health.clone();
	let service = tokio::spawn(async move { supervise(&supervised, stopped).await });

	let manager = tokio::task::spawn_blocking(move || {
		assert!(wait_for(&manager, "READY=1"), "it has started");
		assert!(wait_for(&manager, "STATUS=not ready: node: not checked yet"));
		assert!(wait_for(&manager, "WATCHDOG=1"), "its loop turns");
		node.set(Ok(()));
		assert!(wait_for(&manager, "STATUS=ready"));
		manager
	});
	let manager = manager.await.expect("the notifications come");
	end_beats.send(()).expect("the loop beats");
	beating.await.expect("the loop stops");
	let manager = tokio::task::spawn_blocking(move || {
		assert!(wait_for(&manager, "loop loop has not turned"), "its loop has stopped");
		let end = Instant::now() + 2 * WATCHDOG;
		while Instant::now() < end {
			let text = receive(&manager).unwrap_or_default();
			assert!(!text.contains("WATCHDOG=1"), "a stalled loop stops the watchdog: {text}");
		}
		manager
	});
	let manager = manager.await.expect("no watchdog");
	stop.send(()).expect("the service runs");
	assert!(service.await.expect("it ends").is_some());
	assert!(wait_for(&manager, "STOPPING=1"));
}
