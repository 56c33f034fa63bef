#![allow(clippy::unwrap_used)]

use bytes::{BufMut, BytesMut};
use proptest::prelude::*;

use super::*;

fn text(out: &mut BytesMut, value: &str) {
    out.put_u8(b't');
    out.put_u32(u32::try_from(value.len()).unwrap());
    out.put_slice(value.as_bytes());
}

fn name(out: &mut BytesMut, value: &str) {
    out.put_slice(value.as_bytes());
    out.put_u8(0);
}

/// A row of `7`, null, and a value that the log does not have.
fn three(out: &mut BytesMut) {
    out.put_u16(3);
    text(out, "7");
    out.put_u8(b'n');
    out.put_u8(b'u');
}

fn row_of_three() -> Row {
    vec![Value::Text(Bytes::from_static(b"7")), Value::Null, Value::Absent]
}

fn message(fill: impl FnOnce(&mut BytesMut)) -> Bytes {
    let mut out = BytesMut::new();
    fill(&mut out);
    out.freeze()
}

#[test]
fn a_transaction_has_a_begin_and_a_commit() {
    let begin = message(|out| {
        out.put_u8(b'B');
        out.put_u64(0x16_B374_D848);
        out.put_i64(768_000_000_000_000);
        out.put_u32(733);
    });
    assert_eq!(
        decode(begin, false).unwrap(),
        Message::Begin {
            commit: Lsn(0x16_B374_D848),
            commit_time: 768_000_000_000_000,
            xid: 733
        }
    );
    let commit = message(|out| {
        out.put_u8(b'C');
        out.put_u8(0);
        out.put_u64(1);
        out.put_u64(2);
        out.put_i64(3);
    });
    assert_eq!(decode(commit, false).unwrap(), Message::Commit { end: Lsn(2) });
}

#[test]
fn a_relation_has_columns_and_an_identity() {
    let bytes = message(|out| {
        out.put_u8(b'R');
        out.put_u32(16400);
        name(out, "public");
        name(out, "Größe");
        out.put_u8(b'f');
        out.put_u16(2);
        out.put_u8(1);
        name(out, "id");
        out.put_u32(20);
        out.put_i32(-1);
        out.put_u8(0);
        name(out, "price");
        out.put_u32(1700);
        out.put_i32(655_366);
    });
    let Message::Relation(relation) = decode(bytes, false).unwrap() else {
        panic!("not a relation");
    };
    assert_eq!((&*relation.schema, &*relation.name), ("public", "Größe"));
    assert_eq!(relation.identity, Identity::Full);
    let columns: Vec<_> = relation
        .columns
        .iter()
        .map(|column| {
            (
                &*column.name,
                column.type_oid,
                column.type_modifier,
                column.is_identity,
            )
        })
        .collect();
    assert_eq!(columns, [("id", 20, -1, true), ("price", 1700, 655_366, false)]);
}

#[test]
fn rows_have_texts_nulls_and_values_that_the_log_lacks() {
    let insert = message(|out| {
        out.put_u8(b'I');
        out.put_u32(5);
        out.put_u8(b'N');
        three(out);
    });
    assert_eq!(
        decode(insert, false).unwrap(),
        Message::Insert {
            oid: 5,
            new: row_of_three()
        }
    );
    for (kind, old) in [
        (b'K', Old::Key(row_of_three())),
        (b'O', Old::Full(row_of_three())),
    ] {
        let update = message(|out| {
            out.put_u8(b'U');
            out.put_u32(5);
            out.put_u8(kind);
            three(out);
            out.put_u8(b'N');
            three(out);
        });
        assert_eq!(
            decode(update, false).unwrap(),
            Message::Update {
                oid: 5,
                old: Some(old.clone()),
                new: row_of_three()
            }
        );
        let delete = message(|out| {
            out.put_u8(b'D');
            out.put_u32(5);
            out.put_u8(kind);
            three(out);
        });
        assert_eq!(decode(delete, false).unwrap(), Message::Delete { oid: 5, old });
    }
    let update = message(|out| {
        out.put_u8(b'U');
        out.put_u32(5);
        out.put_u8(b'N');
        three(out);
    });
    assert_eq!(
        decode(update, false).unwrap(),
        Message::Update {
            oid: 5,
            old: None,
            new: row_of_three()
        }
    );
}

#[test]
fn truncations_and_messages() {
    let truncate = message(|out| {
        out.put_u8(b'T');
        out.put_u32(2);
        out.put_u8(1);
        out.put_u32(5);
        out.put_u32(6);
    });
    assert_eq!(
        decode(truncate, false).unwrap(),
        Message::Truncate { oids: vec![5, 6] }
    );
    let logical = message(|out| {
        out.put_u8(b'M');
        out.put_u8(1);
        out.put_u64(9);
        name(out, "jobs");
        out.put_u32(2);
        out.put_slice(b"go");
    });
    assert_eq!(
        decode(logical, false).unwrap(),
        Message::Logical {
            is_transactional: true,
            prefix: "jobs".to_owned(),
            content: Bytes::from_static(b"go")
        }
    );
}

#[test]
fn what_is_cut_off_a_row_is_absent() {
    let whole = message(|out| {
        out.put_u8(b'I');
        out.put_u32(5);
        out.put_u8(b'N');
        out.put_u16(3);
        text(out, "7");
        text(out, "a long text");
        text(out, "8");
    });
    let cut = whole.slice(..whole.len() - 10);
    assert_eq!(decode(cut.clone(), false), Err(DecodeError::Short));
    assert_eq!(
        decode(cut, true).unwrap(),
        Message::Insert {
            oid: 5,
            new: vec![
                Value::Text(Bytes::from_static(b"7")),
                Value::Absent,
                Value::Absent
            ]
        }
    );
}

#[test]
fn what_is_no_message_is_refused() {
    let refused = |bytes: &'static [u8]| decode(Bytes::from_static(bytes), false).unwrap_err();
    assert_eq!(refused(b""), DecodeError::Short);
    assert_eq!(refused(b"x"), DecodeError::Kind(b'x'));
    assert_eq!(refused(b"I\0\0\0\x05X"), DecodeError::Malformed("kind of row"));
    assert_eq!(
        refused(b"I\0\0\0\x05N\xff\xff"),
        DecodeError::Malformed("count of columns")
    );
    assert_eq!(
        refused(b"I\0\0\0\x05N\0\x01t\0\0\0\x01\xff"),
        DecodeError::Malformed("text")
    );
    assert_eq!(refused(b"T\xff\xff\xff\xff\0"), DecodeError::Short);
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200), kind in prop::sample::select(b"BCORYIUDTM".to_vec()), is_cut: bool) {
        let mut message = vec![kind];
        message.extend(bytes);
        let _ = decode(message.into(), is_cut);
    }
}
