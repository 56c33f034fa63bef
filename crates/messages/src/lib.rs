//! Mail, SMS and the development inbox.
