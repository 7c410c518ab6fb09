//! The host alters what a VM boots, and the firmware refuses it.

use std::fs;

use super::{seconds, vm_boot::Guest, Scene};
use crate::{rig::FIRST_WORDS, world::Stage, Error, Result};

pub const SCENE: Scene = Scene {
	name: "vm refusals",
	title: "The host alters kernel, initrd and command line of the VM: it does not boot.",
};

/// The time after which a launch without output counts as refused. The unaltered one prints first.
const REFUSED_AFTER: u64 = 90;

/// A change to a launch.
enum Change {
	/// None: shows that the method boots VMs at all.
	Nothing,
	/// A byte is appended to a file of the image.
	File(&'static str),
	/// An argument is appended to the kernel's command line.
	Argument(&'static str),
}

/// The launches, with their names.
const LAUNCHES: [(&str, Change); 4] = [
	("unaltered", Change::Nothing),
	("kernel", Change::File("vmlinuz")),
	("initrd", Change::File("initrd")),
	("command-line", Change::Argument("init=/bin/sh")),
];

/// Stops the VM, and launches copies of its domain past the miner, as a dishonest host can. Then
/// damages the stored image: the miner must refuse to launch it, until it is restored.
pub async fn run(stage: Stage<'_>, guest: &Guest) -> Result<()> {
	let domain = stage.rig().domain(guest.number).await?;
	guest.act(&stage, "stop").await?;
	let gone = async || Ok::<_, Error>(stage.rig().processes(guest.number) == 0);
	stage.wait_until("the VM has stopped", seconds(180), gone).await?;
	for (name, change) in LAUNCHES {
		let boots = launch(&stage, &domain, name, &change).await?;
		let expected = matches!(change, Change::Nothing);
		let outcome = if boots { "boots" } else { "does not boot" };
		let text = format!("{name}: the launch {outcome}");
		stage.ensure(boots == expected, || text.clone())?;
		stage.say(&text);
	}
	damaged_image(&stage, guest).await
}

/// Launches a copy of a domain. Returns true if its kernel prints something.
async fn launch(stage: &Stage<'_>, domain: &str, name: &str, change: &Change) -> Result<bool> {
	let altered = match change {
		Change::Nothing => domain.to_owned(),
		Change::Argument(argument) => {
			domain.replace("</cmdline>", &format!(" {argument}</cmdline>"))
		},
		Change::File(file) => {
			let copy = format!("{file}-altered");
			let path = stage.file("shared").join("images").join(stage.vm_image());
			let mut bytes = fs::read(path.join(file)).map_err(Error::file(path.join(file)))?;
			bytes.push(0);
			let target = stage.file("shared").join(&copy);
			fs::write(&target, bytes).map_err(Error::file(&target))?;
			domain.replace(
				&format!("/var/lib/hcc/images/{}/{file}<", stage.vm_image()),
				&format!("/var/lib/hcc/{copy}<"),
			)
		},
	};
	stage.ensure(matches!(change, Change::Nothing) || altered != domain, || {
		format!("the domain of the VM has nothing to alter for {name}: {domain}")
	})?;
	let console = stage.rig().create(&altered, name).await?;
	let printed = stage
		.wait_until(&format!("{name}: the kernel prints"), seconds(REFUSED_AFTER), async || {
			let text = fs::read(&console).unwrap_or_default();
			Ok::<_, Error>(String::from_utf8_lossy(&text).contains(FIRST_WORDS))
		})
		.await;
	stage.rig().destroy(name).await?;
	match printed {
		Ok(()) => Ok(true),
		Err(Error::NotSeen { .. }) => Ok(false),
		Err(error) => Err(error),
	}
}

/// Damages the image that the miner has stored. The miner must not launch the VM of it.
async fn damaged_image(stage: &Stage<'_>, guest: &Guest) -> Result<()> {
	let initrd = stage.file("shared").join("images").join(stage.vm_image()).join("initrd");
	let genuine = fs::read(&initrd).map_err(Error::file(&initrd))?;
	let mut damaged = genuine.clone();
	if let Some(byte) = damaged.last_mut() {
		*byte ^= 1;
	}
	fs::write(&initrd, damaged).map_err(Error::file(&initrd))?;
	let boots = crate::commands::number(&guest.show(stage).await?, "/boots")?;
	guest.act(stage, "start").await?;
	let launched = async || Ok::<_, Error>(stage.rig().processes(guest.number) > 0);
	let what = "a damaged image is launched";
	let wrongly = stage.wait_until(what, seconds(REFUSED_AFTER), launched).await;
	stage.ensure(matches!(wrongly, Err(Error::NotSeen { .. })), || {
		"the miner launched an image with a wrong byte".into()
	})?;
	stage.say("the miner does not launch an image with a wrong byte");
	fs::write(&initrd, genuine).map_err(Error::file(&initrd))?;
	guest.answers(stage, "the restored image boots", boots + 1).await
}
