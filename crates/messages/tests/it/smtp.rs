use crate::{email, messenger};
use ferrobase_jwt::{Clock, Random};
use ferrobase_messages::{Email, Inbox, SendError, SmsTransport, SmtpOptions};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// A server for plain SMTP that answers RCPT to `refused@…` with 550. What clients say comes out of the receiver.
async fn server() -> (u16, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, receiver) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(speak(stream, sender.clone()));
        }
    });
    (port, receiver)
}

async fn speak(mut stream: TcpStream, said: mpsc::UnboundedSender<String>) {
    let (reader, mut writer) = stream.split();
    let mut lines = BufReader::new(reader).lines();
    writer.write_all(b"220 test ready\r\n").await.unwrap();
    let mut in_data = false;
    while let Ok(Some(line)) = lines.next_line().await {
        let answer = match line.as_str() {
            "." => "250 queued",
            _ if in_data => "",
            "DATA" => "354 go on",
            "QUIT" => "221 bye",
            line if line.starts_with("EHLO") => "250-test\r\n250 AUTH PLAIN LOGIN",
            line if line.starts_with("AUTH") => "235 welcome",
            line if line.contains("refused@") => "550 no such user secret-detail",
            _ => "250 ok",
        };
        in_data = (in_data || line == "DATA") && line != ".";
        said.send(line).unwrap();
        if !answer.is_empty() {
            writer
                .write_all(format!("{answer}\r\n").as_bytes())
                .await
                .unwrap();
        }
    }
}

fn options(port: u16) -> SmtpOptions {
    SmtpOptions {
        host: "127.0.0.1".to_owned(),
        port,
        user: None,
        pass: None,
        admin_email: "admin@example.com".to_owned(),
        sender_name: Some("Ferro Äpp".to_owned()),
    }
}

fn drain(receiver: &mut mpsc::UnboundedReceiver<String>) -> Vec<String> {
    std::iter::from_fn(|| receiver.try_recv().ok()).collect()
}

#[tokio::test]
async fn a_mail_travels() {
    let (port, mut said) = server().await;
    let inbox = Inbox::new(Clock::System, Random);
    let messenger = messenger(Some(options(port)), SmsTransport::Inbox, Some(inbox.clone()));
    let text = Some("plain words".to_owned());
    messenger
        .send_email(Email {
            text,
            ..email("ann@example.com", "Hällo", "<p>Hi</p>")
        })
        .await
        .unwrap();
    let lines = drain(&mut said);
    assert!(
        lines.contains(&"MAIL FROM:<admin@example.com>".to_owned()),
        "{lines:#?}"
    );
    assert!(lines.contains(&"RCPT TO:<ann@example.com>".to_owned()));
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with("Content-Type: multipart/alternative"))
    );
    assert!(lines.contains(&"plain words".to_owned()) && lines.contains(&"<p>Hi</p>".to_owned()));
    assert!(lines.iter().any(|line| line.starts_with("Subject: =?utf-8?b?")));
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with("Message-ID: <") && line.ends_with("@example.com>"))
    );
    assert!(
        inbox.find("").is_empty(),
        "SMTP is configured, so the inbox gets nothing"
    );

    // The pool takes the connection back in a task of its own.
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    messenger
        .send_email(email("bob@example.com", "Second", "<p>2</p>"))
        .await
        .unwrap();
    let lines = drain(&mut said);
    assert!(
        !lines.iter().any(|line| line.starts_with("EHLO")),
        "the connection is used again: {lines:#?}"
    );
}

#[tokio::test]
async fn refusals_and_silence() {
    let (port, _said) = server().await;
    let mail = messenger(Some(options(port)), SmsTransport::Inbox, None);
    let error = mail
        .send_email(email("refused@example.com", "s", "x"))
        .await
        .unwrap_err();
    assert_eq!(
        error,
        SendError::Refused {
            code: Some(550),
            message: String::new()
        }
    );
    assert!(!error.to_string().contains("secret-detail"));
    assert_eq!(
        mail.send_email(email("nobody", "s", "x")).await,
        Err(SendError::Address)
    );

    let closed = TcpListener::bind(("127.0.0.1", 0))
        .await
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let mail = messenger(Some(options(closed)), SmsTransport::Inbox, None);
    assert_eq!(
        mail.send_email(email("a@example.com", "s", "x")).await,
        Err(SendError::Unavailable)
    );
    // Neither SMTP nor an inbox: dropped.
    assert_eq!(
        messenger(None, SmsTransport::Inbox, None)
            .send_email(email("a@b.c", "s", "x"))
            .await,
        Ok(())
    );
}

#[tokio::test]
async fn passwords_stay_off_open_wires() {
    let (port, mut said) = server().await;
    let login = |host: &str| SmtpOptions {
        host: host.to_owned(),
        user: Some("user".to_owned()),
        pass: Some("pass".into()),
        ..options(port)
    };
    let local = messenger(Some(login("127.0.0.1")), SmsTransport::Inbox, None);
    local.send_email(email("a@example.com", "s", "x")).await.unwrap();
    assert!(
        drain(&mut said)
            .iter()
            .any(|line| line.starts_with("AUTH PLAIN "))
    );

    // The same server under a name that does not say it is this machine; it offers no STARTTLS.
    let other = messenger(Some(login("0.0.0.0")), SmsTransport::Inbox, None);
    assert_eq!(
        other.send_email(email("a@example.com", "s", "x")).await,
        Err(SendError::Unavailable)
    );
    assert!(!drain(&mut said).iter().any(|line| line.starts_with("AUTH")));
}
