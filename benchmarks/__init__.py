"""How fast this house is, beside others and beside what the machine can do, in one run: `python -m benchmarks`.

| module | question | measured beside |
|---|---|---|
| `throughput` | how many agent-steps are trained on in a second? | Stable-Baselines3 PPO, fed in two ways |
| `update_time` | how long is the update alone, on the same rows? | Stable-Baselines3's, and the bare layers |
| `mastery` | how long from chaos to mastery? | 5 seconds, and 10 for the slowest of 40 seeds |
| `other_worlds` | what is learned in worlds of others, at what cost? | Stable-Baselines3 PPO, the bare worlds |
| `growth` | what do time and memory do when the world grows? | a straight line |
| `measure` | CPU time in turns, ratios, growth exponents | |
| `peers` | Stable-Baselines3 with our network, on our game | |
| `foreign_peers` | ours and Stable-Baselines3's training in worlds that others wrote | |
| `cartpole`, `adapter_cost` | parts of `other_worlds` | |
| `report` | one row of the table; the table; the machine | |

All times are CPU time on one core. Machines drift, so contestants take turns and only ratios are compared.
"""
