//! XML elements as libvirt writes and reads them.

use quick_xml::{
	events::{BytesEnd, BytesStart, BytesText, Event},
	Reader, Writer, XmlVersion,
};

/// An element with attributes, and with children or text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Element {
	/// The name, with its prefix when it is written and without it when it was read.
	name: String,
	attributes: Vec<(String, String)>,
	children: Vec<Self>,
	text: String,
}

impl Element {
	pub(super) fn new(name: &str) -> Self {
		Self { name: name.into(), ..Self::default() }
	}

	/// Adds an attribute.
	pub(super) fn with(mut self, name: &str, value: impl ToString) -> Self {
		self.attributes.push((name.into(), value.to_string()));
		self
	}

	/// Adds a child.
	pub(super) fn child(mut self, child: Self) -> Self {
		self.children.push(child);
		self
	}

	/// Adds children.
	pub(super) fn children(mut self, children: impl IntoIterator<Item = Self>) -> Self {
		self.children.extend(children);
		self
	}

	/// Sets the text.
	pub(super) fn text(mut self, text: impl ToString) -> Self {
		self.text = text.to_string();
		self
	}

	/// Adds a child that contains text.
	pub(super) fn text_child(self, name: &str, text: impl ToString) -> Self {
		self.child(Self::new(name).text(text))
	}

	/// Returns the element as a document, indented by two spaces.
	pub(super) fn to_document(&self) -> String {
		let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
		// Writing to memory cannot fail.
		self.write(&mut writer).unwrap_or_default();
		let mut document = String::from_utf8(writer.into_inner()).unwrap_or_default();
		document.push('\n');
		document
	}

	fn write(&self, writer: &mut Writer<Vec<u8>>) -> std::io::Result<()> {
		let mut start = BytesStart::new(self.name.as_str());
		for (name, value) in &self.attributes {
			start.push_attribute((name.as_str(), value.as_str()));
		}
		if self.children.is_empty() && self.text.is_empty() {
			return writer.write_event(Event::Empty(start));
		}
		writer.write_event(Event::Start(start))?;
		if !self.text.is_empty() {
			writer.write_event(Event::Text(BytesText::new(&self.text)))?;
		}
		for child in &self.children {
			child.write(writer)?;
		}
		writer.write_event(Event::End(BytesEnd::new(self.name.as_str())))
	}

	/// Reads a document. Names lose their prefixes, and text loses spaces at its ends.
	///
	/// ## Errors
	/// Fails if the document is malformed.
	pub(super) fn parse(document: &str) -> Result<Self, String> {
		let mut reader = Reader::from_str(document);
		// The outermost element is the only child of an element without a name.
		let mut open = vec![Self::default()];
		loop {
			match reader.read_event().map_err(|error| error.to_string())? {
				Event::Start(start) => open.push(Self::read(&start)?),
				Event::Empty(start) => add(&mut open, Self::read(&start)?)?,
				Event::End(_) => {
					let ended = open.pop().ok_or("an element ends that has not begun")?;
					add(&mut open, ended)?;
				},
				Event::Text(text) => {
					if let Some(last) = open.last_mut() {
						last.text.push_str(text.xml10_content().trim());
					}
				},
				Event::Eof => break,
				// Comments, declarations and references: nothing that is read has any of them.
				_ => {},
			}
		}
		let mut document = open.pop().filter(|_| open.is_empty()).ok_or("the document is cut")?;
		document.children.pop().ok_or_else(|| "the document is empty".into())
	}

	fn read(start: &BytesStart<'_>) -> Result<Self, String> {
		let mut element = Self::new(start.local_name().into_inner());
		for attribute in start.attributes() {
			let attribute = attribute.map_err(|error| error.to_string())?;
			let value = attribute.normalized_value(XmlVersion::Implicit1_0);
			let value = value.map_err(|error| error.to_string())?;
			element = element.with(attribute.key.local_name().into_inner(), value);
		}
		Ok(element)
	}

	/// Returns the first child with that name.
	pub(super) fn get(&self, name: &str) -> Option<&Self> {
		self.children.iter().find(|child| child.name == name)
	}

	/// Returns an attribute.
	pub(super) fn attribute(&self, name: &str) -> Option<&str> {
		let mut attributes = self.attributes.iter();
		attributes.find(|(found, _)| found == name).map(|(_, value)| value.as_str())
	}
}

/// Adds an element to the innermost open one.
fn add(open: &mut [Element], child: Element) -> Result<(), String> {
	let parent = open.last_mut().ok_or("an element ends that has not begun")?;
	parent.children.push(child);
	Ok(())
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn document_round_trips_with_special_characters() {
		let element = Element::new("domain")
			.with("type", "a \"b\" & <c> 'd'")
			.child(Element::new("empty"))
			.text_child("name", "vm 7")
			.child(Element::new("outer").child(Element::new("inner").with("n", 5)));
		let document = element.to_document();
		assert_eq!(Element::parse(&document), Ok(element));
		assert!(
			document.starts_with("<domain type=\"a &quot;b&quot; &amp; &lt;c&gt; "),
			"{document}"
		);
		assert!(document.contains("\n  <name>vm 7</name>\n"), "{document}");
		assert!(document.ends_with("\n</domain>\n"), "{document}");
	}

	#[test]
	fn prefixes_and_declarations_are_ignored() {
		let document = "<?xml version='1.0'?><!-- x --><a xmlns:q='urn:q'>\n <q:b q:n='1'/>\n</a>";
		let parsed = Element::parse(document).expect("well formed");
		assert_eq!(parsed.get("b").and_then(|b| b.attribute("n")), Some("1"));
	}

	#[test]
	fn malformed_documents_are_refused() {
		for document in ["", "<a>", "<a></b>", "</a>", "text"] {
			assert!(Element::parse(document).is_err(), "{document}");
		}
	}
}
