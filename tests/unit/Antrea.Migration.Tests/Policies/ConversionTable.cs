namespace Antrea.Migration.Tests.Policies;

/// <summary>What becomes of a field: the three outcomes of a policy, or a remark beside them.</summary>
internal enum RowStatus
{
    Exact,
    Snapshot,
    Refused,
    Noted,
}

/// <summary>One row of docs/conversion.md, with an input that proves it.</summary>
/// <param name="Field">What Calico has.</param>
/// <param name="Status">The outcome.</param>
/// <param name="Code">The finding; null for a plain conversion.</param>
/// <param name="Becomes">What it becomes, or why not.</param>
/// <param name="Example">A policy's <c>spec</c> behind <c>NP</c>, <c>GNP</c> or <c>KNP</c>, or whole objects.</param>
/// <param name="Version">The Calico version of the example.</param>
internal sealed record ConversionRow(
    string Field, RowStatus Status, string? Code, string Becomes, string Example, string Version = "v3.26.1")
{
    public string ToMarkdown() => $"| {Field.Replace("|", "\\|", StringComparison.Ordinal)} | {Word} | {(Code is null ? "" : $"`{Code}`")} | {Becomes} |";

    private string Word => Status switch
    {
        RowStatus.Exact => "exact",
        RowStatus.Snapshot => "approximated: snapshot",
        RowStatus.Noted => "exact, with a remark",
        _ => "refused",
    };

    public override string ToString() => Field;
}

/// <summary>Every Calico field and feature, in the order of docs/conversion.md.</summary>
internal static class ConversionTable
{
    public static readonly IReadOnlyList<(string Title, string Sources, ConversionRow[] Rows)> Sections =
    [
        ("Policies and tiers",
            "Calico `api/pkg/apis/projectcalico/v3`, `felix/calc/policy_sorter.go`, `felix/rules/endpoints.go`, `api/pkg/defaults/networkpolicy.go`; "
            + "Antrea `pkg/apis/crd/v1beta1/types.go`, `pkg/agent/controller/networkpolicy/priority.go`, docs/antrea-network-policy.md.",
            [
                new("NetworkPolicy", RowStatus.Exact, null, "NetworkPolicy of `crd.antrea.io/v1beta1` in the same Namespace", "NP {types: [Ingress], ingress: [{action: Allow}]}"),
                new("GlobalNetworkPolicy", RowStatus.Exact, null, "ClusterNetworkPolicy", "GNP {types: [Ingress], ingress: [{action: Allow}]}"),
                new("tier default", RowStatus.Exact, null, "Tier `calico-default`, before Kubernetes policies", "NP {tier: default, types: [Ingress]}"),
                new("other tiers, their `order`", RowStatus.Exact, null, "one Tier each, `calico-NAME`, ranked by (order, name); no order counts as 1,000,000", Tiered("{order: 5}"), "v3.32.0"),
                new("tier `defaultAction: Pass`", RowStatus.Exact, null, "no end is written; the next tier goes on", Tiered("{order: 5, defaultAction: Pass}"), "v3.32.0"),
                new("tier default with `defaultAction: Pass`", RowStatus.Exact, null, "no end is written; Kubernetes policies are compiled in, for they isolate nobody then", "{apiVersion: crd.projectcalico.org/v1, kind: Tier, metadata: {name: default}, spec: {order: 1000000, defaultAction: Pass}}\nNP {types: [Ingress], ingress: [{action: Deny, protocol: TCP}]}", "v3.32.0"),
                new("a tier that does not exist", RowStatus.Refused, "tier-missing", "Calico puts it last, an upgrade may not", "NP {tier: ghost, types: [Ingress]}", "v3.32.0"),
                new("more tiers than Antrea takes", RowStatus.Noted, "tiers-packed", "one Tier `calico-tiers`, with a range of priorities for each: 14 besides Antrea's own is the limit", ManyTiers(), "v3.32.0"),
                new("no Antrea tier left at all", RowStatus.Refused, "tier-limit", "foreign tiers have taken all 14", ForeignTiers()),
                new("a foreign Tier of a name that is needed", RowStatus.Refused, "tier-name", "it would be overwritten", "{apiVersion: crd.antrea.io/v1beta1, kind: Tier, metadata: {name: calico-default}, spec: {priority: 30}}\nNP {types: [Ingress]}"),
                new("a tier read from the object's name (3.29–3.31)", RowStatus.Noted, "tier-by-name", "the tier that Felix enforces", "{apiVersion: crd.projectcalico.org/v1, kind: GlobalNetworkPolicy, metadata: {name: default.p}, spec: {tier: sec, types: [Ingress]}}", "v3.31.0"),
                new("`order`", RowStatus.Exact, null, "a priority of its own for each policy: 1, 2, 3…, recomputed from the rank", "NP {order: -2.5, types: [Ingress]}"),
                new("equal `order` of policies that disagree", RowStatus.Noted, "order-tie", "broken as the running version breaks it", "GNP {types: [Ingress], ingress: [{action: Deny}]}\nNP {types: [Ingress], ingress: [{action: Allow}]}"),
                new("implicit Deny at the end of a tier", RowStatus.Exact, null, "`calicoend-TIER` behind all policies of the tier, one in each Namespace and one for the cluster: Drop everything, for the Pods and directions that a policy of the tier governs", "NP {types: [Ingress, Egress]}"),
                new("`types`", RowStatus.Exact, null, "rules and end of just these directions", "NP {types: [Egress], egress: [{action: Allow}]}"),
                new("`types` absent", RowStatus.Noted, "types-derived", "stored objects govern both directions, manifests what the API server would write", "NP {ingress: [{action: Allow}]}"),
                new("rules outside `types`", RowStatus.Noted, "rules-ignored", "left out, as Calico does", "NP {types: [Egress], ingress: [{action: Allow, notProtocol: TCP}]}"),
                new("`types` with another word", RowStatus.Refused, "types-unknown", "no direction", "NP {types: [Sideways]}"),
                new("`types` absent beside an empty list of rules, in a manifest (from 3.32 on)", RowStatus.Refused, "types-unknown", "Calico's API server and its native objects derive different ones", "{apiVersion: projectcalico.org/v3, kind: NetworkPolicy, metadata: {name: p, namespace: shop}, spec: {ingress: [{action: Allow}], egress: []}}", "v3.32.0"),
                new("`performanceHints`, rule `metadata`", RowStatus.Exact, null, "nothing; they decide nothing", "NP {performanceHints: [AssumeNeededOnEveryNode], types: [Ingress], ingress: [{action: Allow, metadata: {annotations: {a: b}}}]}"),
                new("`serviceAccountSelector`", RowStatus.Snapshot, "service-accounts-frozen", "a ClusterNetworkPolicy with a `serviceAccount` in appliedTo for each account that there is", "{apiVersion: v1, kind: ServiceAccount, metadata: {name: robot, namespace: shop, labels: {role: x}}}\n{apiVersion: v1, kind: ServiceAccount, metadata: {name: default, namespace: shop}}\nNP {serviceAccountSelector: \"role == 'x'\", types: [Ingress]}"),
                new("`doNotTrack`", RowStatus.Noted, "do-not-track", "nothing: no effect on Pods, not even an implicit Deny", "GNP {doNotTrack: true, types: [Ingress], ingress: [{action: Deny}]}"),
                new("`preDNAT`", RowStatus.Noted, "pre-dnat", "nothing: no effect on Pods, not even an implicit Deny", "GNP {preDNAT: true, types: [Ingress], ingress: [{action: Deny}]}"),
                new("`applyOnForward`", RowStatus.Noted, "apply-on-forward", "ignored for Pods; it is about what host endpoints forward", "GNP {applyOnForward: true, types: [Ingress], ingress: [{action: Allow, protocol: TCP}]}"),
                new("any other field", RowStatus.Refused, "unknown-field", "named with its path; Enterprise's `domains`, for one", "NP {types: [Egress], egress: [{action: Allow, destination: {domains: [example.com]}}]}"),
                new("a field of the wrong type or value", RowStatus.Refused, "malformed-field", "Calico treats such a policy as absent", "NP {types: [Ingress], ingress: [{action: Allow, protocol: TCP, destination: {ports: [0]}}]}"),
                new("more than an object can hold", RowStatus.Refused, "object-too-large", "etcd takes 1.5 MiB", $"NP {{types: [Ingress], ingress: [{string.Join(", ", Enumerable.Repeat($"{{action: Allow, protocol: TCP, destination: {{ports: [{string.Join(", ", Enumerable.Range(0, 1000).Select(i => 2 * i + 10_001))}]}}}}", 50))}]}}"),
                new("two objects for one policy that differ", RowStatus.Refused, "duplicate-policy", "which one counts cannot be told", "NP {types: [Ingress]}\n{apiVersion: projectcalico.org/v3, kind: NetworkPolicy, metadata: {name: p, namespace: shop}, spec: {types: [Egress]}}"),
            ]),
        ("Selectors",
            "Calico `libcalico-go/lib/selector`, `libcalico-go/lib/backend/syncersv1/updateprocessors`; Kubernetes `LabelSelector`; Antrea `pkg/controller/networkpolicy/crd_utils.go`.",
            [
                new("`==`, `in`", RowStatus.Exact, null, "matchLabels, In", "NP {selector: \"a == 'x' && b in {'y', 'z'}\", types: [Ingress]}"),
                new("`!=`, `not in`", RowStatus.Exact, null, "NotIn; both hold for a missing label", "NP {selector: \"a != 'x' && b not in {'y'}\", types: [Ingress]}"),
                new("`has()`, `!has()`", RowStatus.Exact, null, "Exists, DoesNotExist", "NP {selector: has(a) && !has(b), types: [Ingress]}"),
                new("`&&`, `||`, `!`, `all()`", RowStatus.Exact, null, "normal form: one entry of appliedTo, or one peer, per alternative", "NP {selector: \"!(a == 'x' && b == 'y') || all()\", types: [Ingress]}"),
                new("more than 64 alternatives", RowStatus.Refused, "selector-too-wide", "the normal form grows without bound", $"NP {{selector: \"{Wide()}\", types: [Ingress]}}"),
                new("labels no Pod can have or have together", RowStatus.Noted, "selects-nothing", "nothing is written", "NP {selector: \"a == 'x' && a == 'y'\", types: [Ingress]}"),
                new("the same in a rule", RowStatus.Noted, "never-matches", "the rule is left out", "NP {types: [Ingress], ingress: [{action: Allow, source: {selector: \"a == 'no label value!'\"}}]}"),
                new("`contains`, `starts with`, `ends with`", RowStatus.Snapshot, "label-values-frozen", "In (or NotIn) the values in use now; with an empty text they are `has()`", "NP {selector: \"app starts with 'w'\", types: [Ingress]}"),
                new("`projectcalico.org/orchestrator`", RowStatus.Exact, null, "true for every Pod", "NP {selector: \"projectcalico.org/orchestrator == 'k8s'\", types: [Ingress]}"),
                new("`projectcalico.org/namespace`, `pcns.…`", RowStatus.Exact, null, "namespaceSelector; the name is the label `kubernetes.io/metadata.name`", "GNP {selector: \"projectcalico.org/namespace == 'shop' || pcns.env == 'dev'\", types: [Ingress]}"),
                new("the same as the subject of a NetworkPolicy", RowStatus.Exact, null, "ClusterNetworkPolicy `caliconp-NAMESPACE.NAME`, bound to the Namespace by its name label", "NP {selector: \"pcns.env == 'prod'\", types: [Ingress], ingress: [{action: Allow, protocol: TCP}]}"),
                new("a Namespace without its name label", RowStatus.Refused, "namespace-name-label", "only where Namespaces are selected by name", "{apiVersion: v1, kind: Namespace, metadata: {name: old}}\nGNP {selector: \"projectcalico.org/namespace == 'shop'\", types: [Ingress]}"),
                new("`projectcalico.org/serviceaccount`, `pcsa.…`", RowStatus.Refused, "selector-service-account", "no label in Antrea", "NP {selector: \"pcsa.x == 'y'\", types: [Ingress]}"),
                new("the same, where every service account there is satisfies it", RowStatus.Snapshot, "service-accounts-frozen", "left out; holds until another service account comes", "NP {selector: \"projectcalico.org/serviceaccount != 'x'\", types: [Ingress]}"),
                new("GlobalNetworkPolicy `namespaceSelector`", RowStatus.Exact, null, "namespaceSelector in appliedTo", "GNP {namespaceSelector: \"env == 'prod'\", types: [Ingress]}"),
                new("rule `selector`", RowStatus.Exact, null, "podSelector: the own Namespace in a NetworkPolicy, all in a GlobalNetworkPolicy", "NP {types: [Ingress], ingress: [{action: Allow, source: {selector: \"a == 'x'\"}}]}"),
                new("rule `namespaceSelector`", RowStatus.Exact, null, "namespaceSelector, beside podSelector in one peer", "NP {types: [Ingress], ingress: [{action: Allow, source: {namespaceSelector: \"env == 'dev'\", selector: has(app)}}]}"),
                new("rule `namespaceSelector: global()`", RowStatus.Noted, "never-matches", "no Pod; the rule is left out", "NP {types: [Ingress], ingress: [{action: Allow, source: {namespaceSelector: global()}}]}"),
                new("`global()` elsewhere", RowStatus.Refused, "selector-global", "Calico reads it as all()", "GNP {selector: global(), types: [Ingress]}"),
                new("a selector that does not parse", RowStatus.Refused, "selector-invalid", "Calico drops the policy, or just the selector", "NP {selector: \"a = 'x'\", types: [Ingress]}"),
                new("a selector of blanks", RowStatus.Refused, "selector-blank", "its meaning depends on the place", "NP {selector: ' ', types: [Ingress]}"),
            ]),
        ("Rules",
            "Calico `felix/rules/policy.go`, `felix/calc/rule_scanner.go`, `UP/rules.go`; Antrea `pkg/agent/openflow/network_policy.go`, `pkg/controller/networkpolicy/validate.go`.",
            [
                new("`action: Allow`", RowStatus.Exact, null, "Allow", "NP {types: [Ingress], ingress: [{action: Allow}]}"),
                new("`action: Deny`", RowStatus.Exact, null, "Drop; Reject where Felix has iptablesFilterDenyAction Reject", "NP {types: [Ingress], ingress: [{action: Deny}]}"),
                new("`action: Log`", RowStatus.Noted, "action-log", "left out; it decides nothing", "NP {types: [Ingress], ingress: [{action: Log, notProtocol: TCP}, {action: Allow, protocol: TCP}]}"),
                new("`action: Pass`, no later tier governs the Pods", RowStatus.Exact, null, "Allow", "NP {types: [Ingress], ingress: [{action: Pass, protocol: TCP}]}"),
                new("`action: Pass`, Kubernetes policies alone may follow", RowStatus.Exact, null, "Antrea's Pass, which leaves all tiers for them", Passing("KNP {podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {}}]}]}", "protocol: TCP"), "v3.32.0"),
                new("`action: Pass` of everything, before later tiers", RowStatus.Exact, null, "nothing is written; later rules of the tier and its end leave these Pods out", Passing("NP {types: [Ingress], ingress: [{action: Allow, protocol: TCP}]}", ""), "v3.32.0"),
                new("`action: Pass` of something, before later tiers", RowStatus.Noted, "pass-inlined", "the later tiers' rules, as far as they are about it, in its place; then their ends, then Allow", Passing("NP {types: [Ingress], ingress: [{action: Allow, destination: {ports: [80]}, protocol: TCP}]}", "protocol: TCP"), "v3.32.0"),
                new("the same with more than 256 rules", RowStatus.Refused, "pass-too-wide", "the product grows without bound", Passing($"NP {{types: [Ingress], ingress: [{string.Join(", ", Enumerable.Repeat("{action: Allow, protocol: TCP}", 257))}]}}", "protocol: TCP"), "v3.32.0"),
                new("Pods that no selector says, taken out of the tier", RowStatus.Refused, "pass-inexpressible", "every Pod but those of many alternatives has no normal form of bearable size", Leaving(), "v3.32.0"),
                new("an empty rule", RowStatus.Exact, null, "a rule without peers and ports: every protocol", "NP {types: [Egress], egress: [{action: Allow}]}"),
                new("`ipVersion`, the cluster's own", RowStatus.Exact, null, "nothing; on a dual-stack cluster an ipBlock of the family, where the rule names no Pods", "NP {types: [Ingress], ingress: [{action: Allow, ipVersion: 4}]}"),
                new("the same beside a selector on a dual-stack cluster", RowStatus.Refused, "ip-version", "no family in Antrea's selectors", "DUAL\nNP {types: [Ingress], ingress: [{action: Allow, ipVersion: 4, source: {selector: has(a)}}]}"),
                new("a rule for another family than the cluster's", RowStatus.Noted, "never-matches", "left out; `notNets` of one family ask for the family as well", "NP {types: [Ingress], ingress: [{action: Allow, source: {notNets: [\"2001:db8::/32\"]}}]}"),
                new("`protocol` TCP, UDP, SCTP, 6, 17, 132", RowStatus.Exact, null, "ports entries of that protocol", "NP {types: [Ingress], ingress: [{action: Allow, protocol: TCP}, {action: Allow, protocol: 17}]}"),
                new("`protocol` ICMP, ICMPv6, `icmp`", RowStatus.Exact, null, "protocols: icmp; the names ask for the family as well", "NP {types: [Ingress], ingress: [{action: Allow, protocol: ICMP, icmp: {type: 8}}]}"),
                new("`protocol` 1 or 58 for both families", RowStatus.Refused, "icmp", "an Antrea match covers ICMP and ICMPv6", "DUAL\nNP {types: [Ingress], ingress: [{action: Allow, protocol: 1}]}"),
                new("any other `protocol`", RowStatus.Refused, "protocol-unsupported", "no field for it", "NP {types: [Ingress], ingress: [{action: Allow, protocol: UDPLite}]}"),
                new("`notProtocol`", RowStatus.Refused, "not-protocol", "no negation; beside `protocol` it is folded", "NP {types: [Ingress], ingress: [{action: Allow, notProtocol: TCP}]}"),
                new("`notICMP`", RowStatus.Refused, "not-icmp", "Calico's dataplanes disagree", "NP {types: [Ingress], ingress: [{action: Allow, protocol: ICMP, notICMP: {type: 8}}]}"),
                new("`http`", RowStatus.Noted, "http-ignored", "nothing: Felix ignores it", "NP {types: [Ingress], ingress: [{action: Allow, protocol: TCP, http: {methods: [GET]}}]}"),
                new("`http`, with `policySyncPathPrefix`", RowStatus.Refused, "http", "Envoy may enforce it", "{apiVersion: crd.projectcalico.org/v1, kind: FelixConfiguration, metadata: {name: node.n1}, spec: {policySyncPathPrefix: /var/run/nodeagent}}\nNP {types: [Ingress], ingress: [{action: Allow, protocol: TCP, http: {methods: [GET]}}]}"),
                new("`ports`: numbers and ranges", RowStatus.Exact, null, "port, endPort", "NP {types: [Ingress], ingress: [{action: Allow, protocol: TCP, destination: {ports: [80, \"90:99\"]}}]}"),
                new("`source.ports` (TCP, UDP)", RowStatus.Exact, null, "sourcePort, sourceEndPort, times the destination ports", "NP {types: [Ingress], ingress: [{action: Allow, protocol: UDP, source: {ports: [53]}, destination: {ports: [80, 81]}}]}"),
                new("`source.ports` (SCTP)", RowStatus.Refused, "sctp-source-port", "Antrea ignores them", "NP {types: [Ingress], ingress: [{action: Allow, protocol: SCTP, source: {ports: [53]}}]}"),
                new("`destination.ports`: names", RowStatus.Snapshot, "named-port-frozen", "port by name; equal while Pods declare it once, in no init container", "NP {types: [Ingress], ingress: [{action: Allow, protocol: TCP, destination: {ports: [http, 9090]}}]}"),
                new("the same, of what is no Pod", RowStatus.Noted, "never-matches", "networks declare no ports", "NP {types: [Egress], egress: [{action: Allow, protocol: TCP, destination: {nets: [192.0.2.0/24], ports: [http]}}]}"),
                new("`source.ports`: names; names in `notPorts`", RowStatus.Refused, "named-port", "Antrea knows names of destination ports only", "NP {types: [Ingress], ingress: [{action: Allow, protocol: TCP, source: {selector: has(a), ports: [http]}}]}"),
                new("`ports` without `protocol`", RowStatus.Refused, "ports-without-protocol", "Calico treats the policy as absent; from 3.32 on names may stand alone, for TCP, UDP and SCTP", "NP {types: [Ingress], ingress: [{action: Allow, destination: {ports: [80]}}]}"),
                new("`notPorts`", RowStatus.Exact, null, "the ranges between them", "NP {types: [Ingress], ingress: [{action: Allow, protocol: TCP, destination: {ports: [\"1:100\"], notPorts: [80]}}]}"),
                new("more than 1024 combinations of ports, or 4096 networks", RowStatus.Refused, "rule-too-wide", "an object has a limit", $"NP {{types: [Ingress], ingress: [{{action: Allow, protocol: TCP, source: {{ports: [{ManyPorts()}]}}, destination: {{ports: [{ManyPorts()}]}}}}]}}"),
                new("`nets` apart from every Pod address", RowStatus.Exact, null, "ipBlock", "NP {types: [Egress], egress: [{action: Allow, destination: {nets: [192.0.2.0/24]}}]}"),
                new("`nets` around every Pod address", RowStatus.Snapshot, "net-covers-pods", "ipBlock; holds until a Node's PodCIDR lies outside", "NP {types: [Egress], egress: [{action: Allow, destination: {nets: [10.0.0.0/8]}}]}"),
                new("`nets` with some Pod addresses", RowStatus.Refused, "net-in-pool", "Pods get other addresses", "NP {types: [Egress], egress: [{action: Allow, destination: {nets: [10.10.1.0/24]}}]}"),
                new("`nets` around a Node's address (ingress)", RowStatus.Noted, "net-holds-nodes", "ipBlock; host processes of other Nodes come from antrea-gw0", "NP {types: [Ingress], ingress: [{action: Allow, source: {nets: [172.18.0.0/16]}}]}"),
                new("`nets` that are none", RowStatus.Refused, "net-invalid", "Calico skips them, which widens the rule; host bits are cleared, an address is a network of one", "NP {types: [Egress], egress: [{action: Allow, destination: {nets: [192.0.2.1/40]}}]}"),
                new("multicast `nets` (egress)", RowStatus.Refused, "multicast-net", "a pipeline of its own", "NP {types: [Egress], egress: [{action: Allow, destination: {nets: [224.0.0.0/4]}}]}"),
                new("`nets` with no Pod address beside a selector", RowStatus.Noted, "never-matches", "the selector's Pods are not there; only the network sets that it reaches remain, cut down", "NP {types: [Ingress], ingress: [{action: Allow, source: {selector: has(a), nets: [192.0.2.0/24]}}]}"),
                new("`nets` with some Pod addresses beside a selector", RowStatus.Refused, "selector-and-nets", "Antrea cannot intersect", "NP {types: [Ingress], ingress: [{action: Allow, source: {selector: has(a), nets: [10.10.1.0/24]}}]}"),
                new("`notNets`", RowStatus.Snapshot, "net-covers-pods", "except within each network, or within 0.0.0.0/0; prefixes between them before Antrea 2.2", "NP {types: [Ingress], ingress: [{action: Allow, source: {notNets: [192.0.2.0/24]}}]}"),
                new("`notSelector` beside other selectors, or in a NetworkPolicy", RowStatus.Exact, null, "the complement among the Pods that the rest selects", "NP {types: [Ingress], ingress: [{action: Allow, source: {notSelector: \"app == 'db'\"}}]}"),
                new("`notSelector` alone in a GlobalNetworkPolicy", RowStatus.Refused, "not-selector", "every address but those of some Pods", "GNP {types: [Ingress], ingress: [{action: Allow, source: {notSelector: \"app == 'db'\"}}]}"),
                new("the same, where no Pod has such labels", RowStatus.Snapshot, "not-selector-frozen", "everything without the network sets that it reaches", "GNP {types: [Ingress], ingress: [{action: Allow, source: {notSelector: \"app == 'x'\"}}]}"),
                new("`serviceAccounts`", RowStatus.Snapshot, "service-accounts-frozen", "serviceAccount, one peer for each there is; empty it is no constraint", "{apiVersion: v1, kind: Pod, metadata: {name: tool, namespace: dev}, spec: {serviceAccountName: x}}\nGNP {types: [Ingress], ingress: [{action: Allow, source: {serviceAccounts: {names: [x]}}}]}"),
                new("`services`", RowStatus.Snapshot, "service-frozen", "its Pods by its own selector, with the endpoints' ports; other endpoints as ipBlock", $"{Service("{app: db}", "10.10.1.20")}\nNP {{types: [Egress], egress: [{{action: Allow, destination: {{services: {{name: db, namespace: shop}}}}}}]}}"),
                new("`services` without `namespace`", RowStatus.Noted, "never-matches", "Calico finds none, not even in the policy's Namespace", $"{Service("{app: db}", "10.10.1.20")}\nNP {{types: [Egress], egress: [{{action: Allow, destination: {{services: {{name: db}}}}}}]}}"),
                new("`services` whose endpoints are not what the selector says", RowStatus.Refused, "services", "toServices is not the same either", $"{Service("{app: web}", "10.10.1.20")}\nNP {{types: [Egress], egress: [{{action: Allow, destination: {{services: {{name: db, namespace: shop}}}}}}]}}"),
                new("`destination` selectors in ingress, `source` in egress", RowStatus.Exact, null, "an appliedTo of the rule's own", "NP {types: [Ingress], ingress: [{action: Allow, destination: {selector: \"app == 'web'\"}}]}"),
                new("`destination` nets with some Pod addresses in ingress, `source` in egress", RowStatus.Refused, "subject-restricted", "Pods get other addresses", "NP {types: [Ingress], ingress: [{action: Allow, destination: {nets: [10.10.1.0/24]}}]}"),
            ]),
        ("Beside Calico's own policies",
            "Calico `libcalico-go/lib/backend/k8s/conversion`, `felix/labelindex`, `felix/config`; Antrea docs/design/ovs-pipeline.md, `pkg/controller/networkpolicy/networkpolicy_controller.go`.",
            [
                new("Kubernetes NetworkPolicy on Pods that no policy of tier default or later governs", RowStatus.Exact, null, "stays as it is", "KNP {podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress]}\nNP {selector: \"app == 'db'\", types: [Ingress]}"),
                new("Kubernetes NetworkPolicy on Pods that such a policy governs too", RowStatus.Snapshot, "kubernetes-policy-compiled", "`calicoknp-NAME` at order 1000 of tier default, its end included; the native policy may stay, for the end decides before it. Convert again when it changes", "KNP {podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {}}]}]}\nNP {selector: \"app == 'web'\", types: [Ingress], ingress: [{action: Allow, protocol: UDP}]}"),
                new("the same, kept apart by Namespace labels only", RowStatus.Snapshot, "kubernetes-policy-apart", "stays as it is; holds until the labels change", "KNP {podSelector: {}, policyTypes: [Ingress]}\nGNP {namespaceSelector: \"env == 'dev'\", types: [Ingress]}"),
                new("Kubernetes rules outside `policyTypes`", RowStatus.Snapshot, "kubernetes-policy-types", "`calicoopen-kubernetes`, an Allow behind all tiers: Antrea obeys such rules, Calico does not", "KNP {podSelector: {}, policyTypes: [Egress], ingress: [{from: [{podSelector: {}}]}]}"),
                new("Kubernetes named ports", RowStatus.Noted, "kubernetes-policy-named-port", "stays; equal when each name is declared once", "KNP {podSelector: {}, policyTypes: [Ingress], ingress: [{ports: [{port: http}]}]}"),
                new("Kubernetes `ipBlock` with some Pod addresses", RowStatus.Refused, "net-in-pool", "Pods get other addresses", "KNP {podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.10.1.0/24}}]}]}"),
                new("NetworkSet or GlobalNetworkSet that a rule's selector reaches", RowStatus.Snapshot, "network-set-frozen", "its networks as ipBlock, beside the Pods", "{apiVersion: crd.projectcalico.org/v1, kind: GlobalNetworkSet, metadata: {name: corp, labels: {role: corp}}, spec: {nets: [192.0.2.0/24]}}\nNP {types: [Ingress], ingress: [{action: Allow, source: {namespaceSelector: \"env != 'dev'\"}}]}"),
                new("the same, out of reach", RowStatus.Noted, "network-set-unused", "nothing", "{apiVersion: crd.projectcalico.org/v1, kind: GlobalNetworkSet, metadata: {name: corp, labels: {role: corp}}, spec: {nets: [10.0.0.0/8]}}"),
                new("HostEndpoint that policies protect", RowStatus.Refused, "host-endpoint-in-reach", "no Node policy means the same, see Nodes", "{apiVersion: crd.projectcalico.org/v1, kind: HostEndpoint, metadata: {name: n1}, spec: {node: n1, interfaceName: '*', profiles: [projectcalico-default-allow]}}\nGNP {selector: all(), types: [Ingress]}"),
                new("HostEndpoint that a rule's selector reaches", RowStatus.Snapshot, "host-endpoint-frozen", "its expectedIPs as ipBlock", "{apiVersion: crd.projectcalico.org/v1, kind: HostEndpoint, metadata: {name: n1}, spec: {node: n1, expectedIPs: [192.0.2.9], profiles: [projectcalico-default-allow]}}\nNP {types: [Ingress], ingress: [{action: Allow, source: {namespaceSelector: global()}}]}"),
                new("HostEndpoint whose policies let everything through", RowStatus.Noted, "host-endpoint-open", "nothing; the Node is as open without it", "{apiVersion: crd.projectcalico.org/v1, kind: HostEndpoint, metadata: {name: n1}, spec: {node: n1, interfaceName: '*', profiles: [projectcalico-default-allow]}}\nGNP {types: [Ingress, Egress], ingress: [{action: Allow}], egress: [{action: Allow}]}"),
                new("HostEndpoint open by its profile, out of reach", RowStatus.Noted, "host-endpoint-open", "nothing", "{apiVersion: crd.projectcalico.org/v1, kind: HostEndpoint, metadata: {name: n1}, spec: {node: n1, interfaceName: '*', profiles: [projectcalico-default-allow]}}"),
                new("any other HostEndpoint", RowStatus.Refused, "host-endpoint", "it closes the Node", "{apiVersion: crd.projectcalico.org/v1, kind: HostEndpoint, metadata: {name: n1}, spec: {node: n1, interfaceName: eth0}}"),
                new("staged policies", RowStatus.Noted, "staged-policy", "nothing; never enforced", "{apiVersion: crd.projectcalico.org/v1, kind: StagedNetworkPolicy, metadata: {name: s, namespace: shop}, spec: {stagedAction: Set}}"),
                new("AdminNetworkPolicy, BaselineAdminNetworkPolicy, ClusterNetworkPolicy", RowStatus.Refused, "admin-policy", "not converted yet", "{apiVersion: policy.networking.k8s.io/v1alpha1, kind: AdminNetworkPolicy, metadata: {name: a}, spec: {}}"),
                new("another kind of `projectcalico.org`", RowStatus.Refused, "unknown-kind", "it may decide about traffic", "{apiVersion: projectcalico.org/v3, kind: EgressGatewayPolicy, metadata: {name: e}, spec: {}}"),
                new("Antrea policies that were there before", RowStatus.Refused, "antrea-policy-present", "their effect beside the new ones is not proven", "{apiVersion: crd.antrea.io/v1beta1, kind: ClusterNetworkPolicy, metadata: {name: a}, spec: {priority: 1}}"),
                new("`defaultEndpointToHostAction` other than Accept", RowStatus.Refused, "endpoint-to-host", "Antrea lets Pods reach their own Node", "{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: calico-node, namespace: kube-system}, spec: {template: {spec: {containers: [{env: [{name: FELIX_DEFAULTENDPOINTTOHOSTACTION, value: DROP}]}]}}}}"),
                new("Felix settings of one Node", RowStatus.Refused, "felix-override", "Nodes enforce differently", "{apiVersion: crd.projectcalico.org/v1, kind: FelixConfiguration, metadata: {name: node.n1}, spec: {defaultEndpointToHostAction: Drop}}"),
                new("a locked datastore", RowStatus.Refused, "datastore-locked", "an upgrade is under way", "{apiVersion: crd.projectcalico.org/v1, kind: ClusterInformation, metadata: {name: default}, spec: {datastoreReady: false}}"),
                new("a datastore migration", RowStatus.Refused, "datastore-migration", "objects may be in two places", "{apiVersion: migration.projectcalico.org/v1, kind: DatastoreMigration, metadata: {name: m}, status: {phase: Migrating}}"),
                new("a datastore of etcd's own", RowStatus.Refused, "datastore-etcd", "the Kubernetes API does not show its policies", "{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: calico-node, namespace: kube-system}, spec: {template: {spec: {containers: [{name: calico-node, env: [{name: ETCD_ENDPOINTS, valueFrom: {}}]}]}}}}"),
                new("a variant other than Calico", RowStatus.Refused, "calico-variant", "only open-source Calico is known", "{apiVersion: crd.projectcalico.org/v1, kind: ClusterInformation, metadata: {name: default}, spec: {variant: TigeraSecureEnterprise}}"),
            ]),
    ];

    private static string Tiered(string tier) =>
        $"{{apiVersion: crd.projectcalico.org/v1, kind: Tier, metadata: {{name: sec}}, spec: {tier}}}\nNP {{tier: sec, types: [Ingress]}}";

    private static string ManyTiers() => string.Join('\n', Enumerable.Range(10, 15).SelectMany(i => new[]
    {
        $"{{apiVersion: crd.projectcalico.org/v1, kind: Tier, metadata: {{name: t{i}}}, spec: {{order: {i}}}}}",
        $"{{apiVersion: crd.projectcalico.org/v1, kind: GlobalNetworkPolicy, metadata: {{name: p{i}}}, spec: {{tier: t{i}, types: [Ingress]}}}}",
    }));

    /// <summary>Tier sec before tier default, with a policy that lets something pass and denies the rest; then another policy.</summary>
    private static string Passing(string next, string match) =>
        "{apiVersion: crd.projectcalico.org/v1, kind: Tier, metadata: {name: sec}, spec: {order: 5}}\n"
        + "{apiVersion: crd.projectcalico.org/v1, kind: GlobalNetworkPolicy, metadata: {name: g}, spec: {tier: sec, selector: \"app == 'web'\", types: [Ingress], "
        + $"ingress: [{{action: Pass{(match.Length == 0 ? "" : ", " + match)}}}, {{action: Deny}}]}}}}\n{next}";

    /// <summary>A policy takes Pods of nine alternatives out of the tier; the next one is left with those of 512.</summary>
    private static string Leaving() =>
        "{apiVersion: crd.projectcalico.org/v1, kind: Tier, metadata: {name: sec}, spec: {order: 5}}\n"
        + "{apiVersion: crd.projectcalico.org/v1, kind: GlobalNetworkPolicy, metadata: {name: g}, spec: {tier: sec, order: 1, types: [Ingress], ingress: [{action: Pass}], "
        + $"selector: \"{string.Join(" || ", Enumerable.Range(0, 9).Select(i => $"(a{i} == 'x' && b{i} == 'y')"))}\"}}}}\n"
        + "{apiVersion: crd.projectcalico.org/v1, kind: GlobalNetworkPolicy, metadata: {name: h}, spec: {tier: sec, order: 2, types: [Ingress], ingress: [{action: Allow}]}}\n"
        + "NP {types: [Ingress]}";

    private static string ForeignTiers() => string.Join('\n', Enumerable.Range(10, 14).Select(i =>
        $"{{apiVersion: crd.antrea.io/v1beta1, kind: Tier, metadata: {{name: t{i}}}, spec: {{priority: {i}}}}}").Append("NP {types: [Ingress]}"));

    private static string ManyPorts() => string.Join(", ", Enumerable.Range(0, 33).Select(i => 1000 + (2 * i)));

    private static string Service(string selector, string endpoint) =>
        $"{{apiVersion: v1, kind: Service, metadata: {{name: db, namespace: shop}}, spec: {{selector: {selector}}}}}\n"
        + "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: db-1, namespace: shop, labels: {kubernetes.io/service-name: db}}, "
        + $"addressType: IPv4, endpoints: [{{addresses: [{endpoint}]}}], ports: [{{port: 5432, protocol: TCP}}]}}";

    private static string Wide() => string.Join(" && ", Enumerable.Range(0, 7).Select(i => $"(a{i} == 'x' || b{i} == 'y')"));
}
