"""What the tests of linear networks share."""

import unlearnlab as ul

net = ul.linear_network
