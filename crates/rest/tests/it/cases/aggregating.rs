//! Aggregates, grouped by what else is selected.

use super::{Case, Expected, get, rows};

pub(super) fn cases() -> Vec<Case> {
    [of_rows(), through_spreads()].concat()
}

fn of_rows() -> Vec<Case> {
    vec![
        get("/products?select=count()", rows("select count(*) from products")),
        get(
            "/products?select=n:count(),price.sum(),low:price.min(),high:price.max()::text,mean:price.avg()&status=eq.active",
            rows(
                "select count(*) as n, sum(price), min(price) as low, max(price)::text as high, avg(price) as mean
                 from products where status = 'active'",
            ),
        ),
        get(
            "/products?select=status,category_id,count()&order=status,category_id",
            rows("select status, category_id, count(*) from products group by 1, 2 order by 1, 2"),
        ),
        get(
            "/customers?select=country,credit.sum(),profile->age::int.max()&order=country",
            rows(
                "select country, sum(credit), max((profile->'age')::int) from customers group by country order by country",
            ),
        ),
        get(
            "/orders?select=status,customers!inner(country),count()&customers.country=eq.it&order=status",
            rows(
                "select status, json_build_object('country', country) as customers, count(*) from orders o
                 join customers c on c.id = o.customer_id where country = 'it' group by status, country order by status",
            ),
        ),
        get(
            "/orders?select=status,...customers(country),order_total.sum()&order=status,customers(country)",
            rows(
                "select status, country, sum(o.order_total) from orders o
                 join customers c on c.id = o.customer_id group by status, country order by status, country",
            ),
        ),
        // Within related rows, for each row.
        get(
            "/categories?select=name,products(count(),price.avg())&order=id",
            rows(
                "select name, (select json_agg(x) from (select count(*), avg(price) from products where category_id = c.id) x) as products
                 from categories c order by id",
            ),
        ),
        get(
            "/customers?select=id,orders(status,n:count())&orders.order=status&id=lt.6&order=id",
            rows(
                "select id, (select coalesce(json_agg(x), '[]') from (select status, count(*) as n from orders
                    where customer_id = c.id group by status order by status) x) as orders
                 from customers c where id < 6 order by id",
            ),
        ),
        get(
            "/thread_overview?select=starter:users(handle),answers.sum()&answers=gt.5&starter.badge=eq.new&starter=not.is.null",
            rows(
                "select json_build_object('handle', handle) as starter, sum(answers) from thread_overview
                 join users u on u.id = starter where answers > 5 and badge = 'new' group by handle",
            ),
        )
        .profile("forum"),
    ]
}

/// Of a spread row, computed by the row above.
fn through_spreads() -> Vec<Case> {
    vec![
        get(
            "/order_lines?select=order_id,...products(price.sum(),dearest:price.max())&order_id=lt.6&order=order_id",
            rows(
                "select order_id, sum(price), max(price) as dearest from order_lines l join products p on p.id = l.product_id
                 where order_id < 6 group by order_id order by order_id",
            ),
        ),
        get(
            "/votes?select=value,...posts(...threads(board_id,count()))&order=value,posts(board_id)",
            rows(
                "select v.value, t.board_id, count(*) from votes v join posts p on p.id = v.post_id
                 join threads t on t.id = p.thread_id group by 1, 2 order by 1, 2",
            ),
        )
        .profile("forum"),
        // A row without a partner is none to count, on every level.
        get(
            "/products?select=...categories(name,count())&order=categories(name)",
            rows(
                "select g.name, count(g.id) from products p left join categories g on g.id = p.category_id
                 group by g.name order by g.name",
            ),
        ),
        get(
            "/products?select=...categories(n:count()),...suppliers(count()::text)",
            rows("select count(category_id) as n, count(supplier_id)::text from products"),
        ),
        get(
            "/order_lines?select=order_id,...products(n:count(),...categories(count()))&order_id=lt.20&order=order_id",
            rows(
                "select order_id, count(*) as n, count(category_id) from order_lines join products p on p.id = product_id
                 where order_id < 20 group by order_id order by order_id",
            ),
        ),
        get(
            "/customers?select=country,...latest_order(count())&order=country",
            rows(
                "select country, count(*) filter (where exists (select from latest_order(c))) from customers c
                 group by country order by country",
            ),
        ),
        get(
            "/complaints?select=n:count(),...orders_2023(count())",
            rows("select count(*) as n, count(order_id) from complaints"),
        ),
        // All columns beside an aggregate.
        get(
            "/products?select=...categories(*,count())&order=categories(id)",
            rows(
                "select g.*, count(g.id) from products p left join categories g on g.id = p.category_id
                 group by g.id order by g.id",
            ),
        ),
        get(
            "/order_lines?select=...products(...suppliers(*)),n:count()&order=products(id)",
            rows(
                "select s.*, count(*) as n from order_lines l join products p on p.id = product_id
                 left join suppliers s on s.id = p.supplier_id group by s.id order by s.id",
            ),
        ),
        get(
            "/customers?select=id,...orders(id.count())",
            Expected::Error("PGRST127"),
        )
        .status(400),
    ]
}
