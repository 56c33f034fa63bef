//! Writes, each undone: what comes back, and what it would have been in SQL (which is undone too).

use super::{Case, Expected, bare_write, json, write};

pub(super) fn cases() -> Vec<Case> {
    [inserting(), upserting(), changing(), refused(), whole()].concat()
}

fn inserting() -> Vec<Case> {
    vec![
        write(
            "POST",
            "/products?select=id,sku,price,color,status,search",
            r##"{"id": 900, "sku": "N-1", "name": "new robots", "price": 7.5, "color": "#00ff00"}"##,
            json(
                "with w as (insert into products (id, sku, name, price, color) values (900, 'N-1', 'new robots', 7.5, 65280) returning *)
                 select json_agg(x) from (select id, sku, price, json(color) as color, status, search from w) x",
            ),
        )
        .status(201),
        write(
            "POST",
            "/order_lines?select=line,total,products(sku),orders(status)&order=line.desc",
            r#"[{"order_id": 4, "placed_on": "2023-08-06", "line": 8, "product_id": 2, "quantity": 3, "unit_price": 2.5},
                {"order_id": 4, "placed_on": "2023-08-06", "line": 9, "product_id": 5, "quantity": 2, "unit_price": 1}]"#,
            json(
                "select json_agg(x) from (select line, (n * u)::numeric(12, 2) as total, json_build_object('sku', sku) as products,
                    (select json_build_object('status', status) from orders where id = 4) as orders
                 from (values (8, 3, 2.5, 2), (9, 2, 1, 5)) v (line, n, u, p) join products on id = p order by line desc) x",
            ),
        )
        .status(201),
        // Into a partition, and a key that nothing has.
        write(
            "POST",
            "/orders?select=id,placed_on,customers(name)",
            r#"{"id": 901, "placed_on": "2030-01-01", "customer_id": 3, "billing_id": 3}"#,
            json(
                "select json_build_array(json_build_object('id', 901, 'placed_on', '2030-01-01', 'customers', json_build_object('name', 'Customer 3')))",
            ),
        )
        .status(201),
        write(
            "POST",
            "/settings?columns=key,value,changed&select=*",
            r#"[{"key": "a", "more": 1}, {"key": "b", "value": [1], "changed": 4}]"#,
            json(
                r#"select '[{"key": "a", "value": {"set": false}, "changed": 1}, {"key": "b", "value": [1], "changed": 4}]'::json"#,
            ),
        )
        .prefer("missing=default")
        .status(201),
        write(
            "POST",
            "/tags?select=id,label",
            "id,label\n50,\"with \"\"quotes\"\", commas\"\n51,plain\n",
            json(r#"select '[{"id": 50, "label": "with \"quotes\", commas"}, {"id": 51, "label": "plain"}]'::json"#),
        )
        .header("Content-Type", "text/csv")
        .status(201),
        write("POST", "/tags", r#"{"id": 1, "label": "again"}"#, Expected::Error("23505")).status(409),
        write("POST", "/tags", r#"{"id": 52, "lable": "x"}"#, Expected::Error("PGRST204")).status(400),
        write(
            "POST",
            "/reports",
            r#"{"id": 99, "post_id": 1, "reporter": "user3"}"#,
            Expected::Error("42501"),
        )
        .profile("forum")
        .claims(r#"{"role": "customer", "sub": "user2"}"#)
        .status(403),
    ]
}

fn upserting() -> Vec<Case> {
    vec![
        write(
            "POST",
            "/settings?order=key",
            r#"[{"key": "lang", "value": "de", "changed": 9}, {"key": "zone", "value": null, "changed": 8}]"#,
            // The value is required, and JSON's null is SQL's.
            Expected::Error("23502"),
        )
        .prefer("resolution=merge-duplicates")
        .status(400),
        write(
            "POST",
            "/customers?on_conflict=email&select=id,name,email&order=id",
            r#"[{"id": 900, "name": "New", "email": "new@example.org", "country": "de"},
                {"id": 5, "name": "Five", "email": "c5@example.org", "country": "it"}]"#,
            json(
                r#"select '[{"id": 5, "name": "Five", "email": "c5@example.org"}, {"id": 900, "name": "New", "email": "new@example.org"}]'::json"#,
            ),
        )
        .prefer("resolution=merge-duplicates")
        .status(201),
        write(
            "POST",
            "/stock?select=product_id,quantity",
            r#"[{"product_id": 1, "region": "north", "number": 2, "quantity": 77}]"#,
            json(r#"select '[{"product_id": 1, "quantity": 77}]'::json"#),
        )
        .prefer("resolution=merge-duplicates"),
        write(
            "POST",
            "/tags?select=id",
            r#"[{"id": 1, "label": "x"}, {"id": 60, "label": "y"}]"#,
            json(r#"select '[{"id": 60}]'::json"#),
        )
        .prefer("resolution=ignore-duplicates")
        .status(201),
        write(
            "PUT",
            "/coupons?code=eq.SPRING",
            r#"{"code": "SPRING", "percent": 20, "valid": "[2024-04-01,2024-05-01)"}"#,
            json(r#"select '[{"code": "SPRING", "percent": 20, "valid": "[2024-04-01,2024-05-01)"}]'::json"#),
        ),
        write(
            "PUT",
            "/coupons?code=eq.AUTUMN",
            r#"{"code": "AUTUMN", "percent": 20, "valid": "empty"}"#,
            json(r#"select '[{"code": "AUTUMN", "percent": 20, "valid": "empty"}]'::json"#),
        )
        .status(201),
    ]
}

fn changing() -> Vec<Case> {
    vec![
        write(
            "PATCH",
            "/products?category_id=eq.4&price=lt.25&select=id,price,label,categories(name)&order=id",
            r#"{"price": 99.99}"#,
            json(
                "select json_agg(x) from (select p.id, 99.99 as price, p.label, json_build_object('name', 'Saws') as categories
                 from products p where category_id = 4 and price < 25 order by id) x",
            ),
        )
        .prefer("count=exact"),
        write(
            "PATCH",
            "/orders?id=eq.12&select=id,placed_on,order_lines(line)&order_lines.order=line",
            r#"{"status": "returned", "note": "back"}"#,
            json(
                "select json_agg(x) from (select id, placed_on, (select json_agg(y) from (select line from order_lines
                    where order_id = 12 order by line) y) as order_lines from orders where id = 12) x",
            ),
        ),
        write(
            "PATCH",
            "/customers?id=eq.2",
            r#"{"tags": ["a b", "c,d"], "profile": {"x": [1, null]}}"#,
            json(
                r#"with w as (update customers set tags = '{"a b","c,d"}', profile = '{"x": [1, null]}' where id = 2 returning *) select json_agg(w) from w"#,
            ),
        ),
        write("PATCH", "/products?id=gt.0", "{}", json("select '[]'::json")),
        write(
            "PATCH",
            "/user_cards?id=eq.4&select=id,handle",
            r#"{"handle": "four"}"#,
            json(r#"select '[{"id": 4, "handle": "four"}]'::json"#),
        )
        .profile("forum"),
        write(
            "DELETE",
            "/reviews?stars=lte.2&select=id,products(name),customers(label)&order=id.desc",
            "",
            json(
                "select json_agg(x) from (select r.id, json_build_object('name', p.name) as products, json_build_object('label', c.label) as customers
                 from reviews r join products p on p.id = r.product_id join customers c on c.id = r.customer_id where stars <= 2 order by r.id desc) x",
            ),
        ),
        write(
            "DELETE",
            "/order_coupons?or=(order_id.lt.10,code.eq.XMAS)&order=order_id,code",
            "",
            json(
                "with w as (delete from order_coupons where order_id < 10 or code = 'XMAS' returning *) select json_agg(w order by order_id, code) from w",
            ),
        ),
        write(
            "DELETE",
            "/notes?id=gt.10&order=id",
            "",
            json("select json_agg(n order by id) from notes n where id > 10 and customer_id = 2"),
        )
        .claims(r#"{"role": "customer", "customer": 2}"#),
        write(
            "DELETE",
            "/products?id=lt.5",
            "",
            Expected::Error("23503"),
        )
        .status(409),
    ]
}

/// What makes no sense is refused, whether or not rows come back.
fn refused() -> Vec<Case> {
    let paths = [
        ("/tags?foo.id=eq.1", "PGRST108"),
        ("/tags?foo.or=(id.eq.1,id.eq.2)", "PGRST108"),
        ("/tags?id=eq.1&order=foo(id)", "PGRST108"),
        ("/tags?id=eq.1&select=id,foo(*)", "PGRST200"),
        ("/products?id=eq.1&select=...reviews(id.count())", "PGRST127"),
    ];
    let writes = [
        ("DELETE", ""),
        ("PATCH", r#"{"id": 1}"#),
        ("PUT", r#"{"id": 1}"#),
        ("POST", r#"{"id": 1}"#),
    ];
    let mut cases = Vec::new();
    for (path, code) in paths {
        for (method, body) in writes {
            cases.push(bare_write(method, path, body, Expected::Error(code)).status(400));
        }
    }
    cases.extend([
        bare_write("PUT", "/nowhere?limit=1", "no JSON", Expected::Error("PGRST114")).status(400),
        bare_write(
            "POST",
            "/tags",
            "",
            json(
                r#"select json_build_object('code', 'PGRST102', 'details', null, 'hint', null,
                    'message', 'parse error (not enough input) at ""')"#,
            ),
        )
        .header("Content-Type", "text/csv")
        .status(400),
        bare_write("DELETE", "/nowhere", "", Expected::Error("PGRST205"))
            .prefer("handling=strict, foo")
            .status(404),
        bare_write("DELETE", "/tags", "", Expected::Error("PGRST122"))
            .prefer("handling=strict, foo")
            .status(400),
    ]);
    cases
}

/// Ranges are for reading.
fn whole() -> Vec<Case> {
    vec![
        write(
            "PATCH",
            "/orders?id=eq.12&select=id,order_lines(line)&order_lines.order=line&order_lines.limit=1&foo.limit=1&limit=0",
            r#"{"note": "back"}"#,
            json(
                "select json_agg(x) from (select id, (select json_agg(y) from (select line from order_lines
                    where order_id = 12 order by line) y) as order_lines from orders where id = 12) x",
            ),
        ),
        bare_write(
            "PATCH",
            "/orders?id=in.(12,13)",
            r#"{"note": "x"}"#,
            Expected::Nothing,
        )
        .prefer("count=planned")
        .range("0-1/*")
        .status(204),
        bare_write(
            "PATCH",
            "/orders?id=in.(12,13)",
            r#"{"note": "x"}"#,
            Expected::Nothing,
        )
        .prefer("count=estimated")
        .range("0-1/2")
        .status(204),
        bare_write("DELETE", "/tags?id=gt.900", "", Expected::Nothing)
            .prefer("count=planned")
            .range("*/*")
            .status(204),
        // PUT writes the whole row.
        write(
            "PUT",
            "/coupons?code=eq.SPRING&columns=code",
            r#"{"code": "SPRING", "percent": 21, "valid": "empty"}"#,
            json(r#"select '[{"code": "SPRING", "percent": 21, "valid": "empty"}]'::json"#),
        ),
    ]
}
