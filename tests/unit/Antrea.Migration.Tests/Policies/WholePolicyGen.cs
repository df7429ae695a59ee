using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Antrea.Migration.Addressing;
using Antrea.Migration.Clusters;
using Antrea.Migration.Policies.Conversion;
using CsCheck;

namespace Antrea.Migration.Tests.Policies;

/// <summary>Random clusters with Calico, Kubernetes and Antrea policies of every kind of rule, over few words, so that they meet.</summary>
internal static class WholePolicyGen
{
    /// <summary>Every network that policies, sets, Services and Nodes here name.</summary>
    public static readonly ImmutableArray<Cidr> Nets =
    [
        .. new[]
        {
            "10.10.1.0/24", "10.10.1.0/30", "10.10.0.0/16", "192.0.2.0/24", "192.0.2.128/25", "192.0.2.9/32", "198.51.100.7/32", "0.0.0.0/0",
            "0.0.0.0/1", "172.18.0.2/32", "10.10.0.1/32", "fd00:10:1::1/128", "10.10.1.1/32", "10.10.1.2/32", "fd00:10::/64", "fd00:10::/127", "fd00:10::/47", "2001:db8::/32", "::/0",
        }.Select(Cidr.Parse),
    ];

    /// <summary>Where stretches of destination ports begin.</summary>
    public static readonly ImmutableArray<int> Ports = [53, 54, 80, 81, 90, 91, 443, 444, 8080, 8081];

    /// <summary>Where stretches of source ports begin.</summary>
    public static readonly ImmutableArray<int> SourcePorts = [1000, 2001];

    private static readonly string[] Namespaces = ["shop", "dev", "ops"];

    private static readonly Gen<string> Net4 = Gen.OneOf("10.10.1.0/24", "10.10.1.0/30", "10.10.0.0/16", "192.0.2.0/24", "192.0.2.128/25", "198.51.100.7/32", "0.0.0.0/0");
    private static readonly Gen<string> Net6 = Gen.OneOf("fd00:10::/64", "fd00:10::/127", "2001:db8::/32", "::/0");
    private static readonly Gen<string> NetList = Gen.Frequency((5, Net4), (2, Net6)).Array[1, 3].Select(n => $"[{string.Join(", ", n.Distinct().Select(Quote))}]");

    private static readonly Gen<string> PortList =
        Gen.OneOf("80", "443", "\"53:90\"", "\"80:8080\"", "http", "dns").Array[1, 3].Select(p => $"[{string.Join(", ", p)}]");

    private static readonly Gen<string> Pods = SelectorGen.OnPodsAndNamespaces.Select(s => Quote(s.ToString()));
    private static readonly Gen<string> NamespaceLabels =
        Gen.Frequency((4, SelectorGen.OnNamespaces.Select(s => Quote(s.ToString()))), (1, Gen.OneOf("\"all()\"", "\"global()\"", "\"!all()\"")));

    private static readonly Gen<string> Accounts = Gen.OneOf("{names: [web]}", "{names: [web, db]}", "{selector: \"has(power)\"}", "{selector: \"all()\"}", "{selector: \"power != 'high'\", names: [db]}");

    private static readonly Gen<string> LabelSelector = Gen.OneOf(
        "{}",
        "{matchLabels: {app: web}}",
        "{matchLabels: {app: db, role: web}}",
        "{matchExpressions: [{key: role, operator: DoesNotExist}]}",
        "{matchExpressions: [{key: app, operator: NotIn, values: [web, prod]}, {key: role, operator: Exists}]}");

    private static readonly Gen<string> NamespaceSelector =
        Gen.OneOf("{}", "{matchLabels: {env: prod}}", "{matchExpressions: [{key: env, operator: NotIn, values: [dev]}]}", "{matchLabels: {kubernetes.io/metadata.name: shop}}");

    /// <summary>A cluster and Antrea objects that have nothing to do with its policies.</summary>
    /// <param name="Version">The Calico version.</param>
    /// <param name="Objects">The cluster as YAML texts.</param>
    /// <param name="Antrea">Antrea objects as YAML texts.</param>
    public sealed record Model(string Version, ImmutableArray<string> Objects, ImmutableArray<string> Antrea)
    {
        public PolicyConversionOptions Options => new() { CalicoVersion = Version, AntreaVersion = "v2.3.0" };

        /// <summary>The cluster with its first Pods, or all.</summary>
        public ClusterSnapshot Snapshot(int pods = int.MaxValue) => ClusterSnapshotBuilder.BuildStrict(
            [.. Objects.Where(o => !IsPod(o)).Concat(Objects.Where(IsPod).Take(pods)).SelectMany(YamlObjects.Read)], []);

        public ImmutableArray<JsonObject> AntreaObjects => [.. Antrea.SelectMany(YamlObjects.Read).Select(o => o.Json)];

        /// <summary>The cluster without policies of one side.</summary>
        public Model WithoutCalico => this with { Objects = [.. Objects.Where(o => !o.Contains("NetworkPolicy", StringComparison.Ordinal))] };

        /// <summary>The cluster with all Pods of a family in the same networks, and without names of ports and Services of Pods: so that a Pod to
        /// come can be like each of them.</summary>
        public Model WithPodsInOnePlace() => this with { Objects = [.. Objects.Select(InOnePlace)], Antrea = [.. Antrea.Select(InOnePlace)] };

        private static string InOnePlace(string text) => new (string From, string To)[]
        {
            ("cidr: 10.10.0.0/16, except: [10.10.1.0/30]", "cidr: 0.0.0.0/0, except: [192.0.2.0/24]"),
            ("10.10.1.0/24", "10.10.0.0/16"), ("10.10.1.0/30", "192.0.2.0/24"), ("fd00:10::/64", "fd00:10::/47"), ("fd00:10::/127", "2001:db8::/32"),
            ("[10.10.1.1, 192.0.2.9]", "[192.0.2.9]"), ("name: http, containerPort", "containerPort"), ("name: dns, containerPort", "containerPort"),
            ("port: http", "port: 80"), (" http", " 80"), ("[http", "[80"), (" dns", " 53"), ("[dns", "[53"),
        }.Aggregate(text, (t, change) => t.Replace(change.From, change.To, StringComparison.Ordinal));

        public override string ToString() => string.Join("\n---\n", [Version, .. Objects, "# Antrea", .. Antrea]);

        private static bool IsPod(string text) => text.StartsWith("{apiVersion: v1, kind: Pod,", StringComparison.Ordinal);
    }

    private static readonly string[] Fixed =
    [
        "{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {env: prod, team: web}}}",
        "{apiVersion: v1, kind: Namespace, metadata: {name: dev, labels: {env: dev}}}",
        "{apiVersion: v1, kind: Namespace, metadata: {name: ops}}",
        "{apiVersion: v1, kind: ServiceAccount, metadata: {name: web, namespace: shop, labels: {power: high}}}",
        "{apiVersion: v1, kind: ServiceAccount, metadata: {name: db, namespace: shop, labels: {power: low}}}",
        "{apiVersion: v1, kind: Node, metadata: {name: n1, labels: {zone: a}}, spec: {podCIDR: 10.10.0.0/24, podCIDRs: [10.10.0.0/24, 'fd00:10:1::/64']}, "
            + "status: {addresses: [{type: InternalIP, address: 172.18.0.2}]}}",
        "{apiVersion: v1, kind: Service, metadata: {name: svc, namespace: shop}, spec: {selector: {app: web}}}",
        "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: svc-1, namespace: shop, labels: {kubernetes.io/service-name: svc}}, "
            + "addressType: IPv4, ports: [{port: 80, protocol: TCP}, {port: 53, protocol: UDP}], endpoints: [{addresses: [10.10.1.1, 192.0.2.9]}]}",
        "{apiVersion: crd.projectcalico.org/v1, kind: IPPool, metadata: {name: pool}, spec: {cidr: 10.10.0.0/16, blockSize: 26}}",
    ];

    private static readonly string[] AntreaFixed =
    [
        "{apiVersion: crd.antrea.io/v1beta1, kind: Tier, metadata: {name: low}, spec: {priority: 20}}",
        "{apiVersion: crd.antrea.io/v1beta1, kind: ClusterGroup, metadata: {name: nets}, spec: {ipBlocks: [{cidr: 192.0.2.0/24, except: [192.0.2.128/25]}]}}",
        "{apiVersion: crd.antrea.io/v1beta1, kind: ClusterGroup, metadata: {name: webs}, spec: {podSelector: {matchLabels: {app: web}}}}",
        "{apiVersion: crd.antrea.io/v1beta1, kind: ClusterGroup, metadata: {name: both}, spec: {childGroups: [nets, webs, absent]}}",
        "{apiVersion: crd.antrea.io/v1beta1, kind: ClusterGroup, metadata: {name: ofservice}, spec: {serviceReference: {name: svc, namespace: shop}}}",
    ];

    private static readonly string[] Tiers =
    [
        "{apiVersion: crd.projectcalico.org/v1, kind: Tier, metadata: {name: first}, spec: {order: 10}}",
        "{apiVersion: crd.projectcalico.org/v1, kind: Tier, metadata: {name: soft}, spec: {order: 20, defaultAction: Pass}}",
    ];

    private static Gen<string> Pod(bool dual) =>
        from ns in Gen.OneOf(Namespaces)
        from app in Gen.OneOf("", "app: web", "app: db", "app: prod")
        from role in Gen.OneOf("", "role: web", "role: db")
        from account in Gen.OneOf("default", "web", "db")
        from ports in Gen.OneOf("", "", "{name: http, containerPort: 8080}", "{name: http, containerPort: 80}, {name: dns, containerPort: 53, protocol: UDP}")
        let ips = dual ? "{ip: 10.10.1.#}, {ip: 'fd00:10::#'}" : "{ip: 10.10.1.#}"
        select $"{{apiVersion: v1, kind: Pod, metadata: {{name: p#, namespace: {ns}, labels: {{{Join(app, role)}}}}}, "
            + $"spec: {{nodeName: n1, serviceAccountName: {account}, containers: [{{name: c, ports: [{ports}]}}]}}, "
            + $"status: {{phase: Running, podIP: 10.10.1.#, podIPs: [{ips}]}}}}";

    private static readonly Gen<string> Set =
        from ns in Gen.OneOf("", "shop", "dev")
        from nets in NetList
        from label in Gen.OneOf("", "app: web", "role: db", "pcns.env: prod")
        select $"{{apiVersion: projectcalico.org/v3, kind: {(ns.Length == 0 ? "GlobalNetworkSet" : "NetworkSet")}, "
            + $"metadata: {{name: s#{(ns.Length == 0 ? "" : $", namespace: {ns}")}, labels: {{{label}}}}}, spec: {{nets: {nets}}}}}";

    private static Gen<string> Policy(bool withTiers) =>
        from ns in Gen.OneOf("", "", "shop", "dev", "ops")
        from tier in withTiers ? Gen.OneOf("default", "first", "soft") : Gen.Const("default")
        from order in Gen.OneOf("", "order: 1, ", "order: 10, ", "order: 1000, ")
        from subject in Pods
        from scope in Gen.Frequency((2, Gen.Const("")), (1, NamespaceLabels.Select(n => $"namespaceSelector: {n}, ")), (1, Gen.Const("serviceAccountSelector: \"has(power)\", ")))
        from types in Gen.OneOf("Ingress", "Egress", "Ingress, Egress")
        from ingress in Rule(isIngress: true).Array[0, 3]
        from egress in Rule(isIngress: false).Array[0, 3]
        let isGlobal = ns.Length == 0
        select $"{{apiVersion: crd.projectcalico.org/v1, kind: {(isGlobal ? "GlobalNetworkPolicy" : "NetworkPolicy")}, "
            + $"metadata: {{name: {(withTiers ? "" : "default.")}c#{(isGlobal ? "" : $", namespace: {ns}")}}}, "
            + $"spec: {{tier: {tier}, {order}{(isGlobal || !scope.Contains("namespaceS", StringComparison.Ordinal) ? scope : "")}selector: {subject}, types: [{types}], "
            + $"ingress: [{string.Join(", ", ingress)}], egress: [{string.Join(", ", egress)}]}}}}";

    private static Gen<string> Rule(bool isIngress) =>
        from action in Gen.OneOf("Allow", "Deny", "Allow", "Deny", "Pass", "Log")
        from protocol in Gen.OneOf("", "", "TCP", "TCP", "UDP", "SCTP", "ICMP", "ICMPv6", "47", "not", "not")
        from icmp in Gen.OneOf("", "icmp: {type: 8}", "icmp: {type: 3, code: 1}", "notICMP: {type: 8}")
        from version in Gen.Frequency((6, Gen.Const("")), (1, Gen.OneOf("ipVersion: 4", "ipVersion: 6")))
        from source in Side(isPeer: isIngress, isSource: true)
        from destination in Side(isPeer: !isIngress, isSource: false)
        let hasPorts = protocol is "TCP" or "UDP" or "SCTP"
        select $"{{{Join(
            $"action: {action}",
            protocol switch { "" => "", "not" => "notProtocol: TCP", _ => $"protocol: {protocol}" },
            protocol == "ICMP" ? icmp : "",
            protocol.StartsWith("ICMP", StringComparison.Ordinal) ? "" : version,
            $"source: {{{Join(source.Who, hasPorts ? source.Ports : "")}}}",
            $"destination: {{{Join(destination.Who, hasPorts && !destination.Who.Contains("services", StringComparison.Ordinal) ? destination.Ports : "")}}}")}}}";

    private static Gen<(string Who, string Ports)> Side(bool isPeer, bool isSource) =>
        from who in Gen.Frequency(
            (isPeer ? 2 : 12, Gen.Const("")),
            (2, NetList.Select(n => $"nets: {n}")),
            (1, NetList.Select(n => $"notNets: {n}")),
            (1, Gen.Select(NetList, NetList).Select((n, m) => $"nets: {n}, notNets: {m}")),
            (3, Pods.Select(p => $"selector: {p}")),
            (1, Pods.Select(p => $"notSelector: {p}")),
            (1, Gen.Select(Pods, Pods).Select((p, n) => $"selector: {p}, notSelector: {n}")),
            (2, NamespaceLabels.Select(n => $"namespaceSelector: {n}")),
            (1, Gen.Select(Pods, NamespaceLabels).Select((p, n) => $"selector: {p}, namespaceSelector: {n}")),
            (1, Gen.Select(Pods, NetList).Select((p, n) => $"selector: {p}, nets: {n}")),
            (1, Accounts.Select(a => $"serviceAccounts: {a}")),
            (isPeer ? 1 : 0, Gen.OneOf("services: {name: svc, namespace: shop}", "services: {name: svc}")))
        from ports in Gen.Frequency(
            (isSource ? 6 : 2, Gen.Const("")),
            (3, isSource ? Gen.Const("ports: [\"1000:2000\"]") : PortList.Select(p => $"ports: {p}")),
            (1, isSource ? Gen.Const("notPorts: [\"1000:2000\"]") : PortList.Select(p => $"notPorts: {p}")))
        select (who, ports);

    private static readonly Gen<string> KubernetesPolicy =
        from ns in Gen.OneOf(Namespaces)
        from subject in LabelSelector
        from types in Gen.OneOf("Ingress", "Egress", "Ingress, Egress")
        from isIngress in Gen.Bool
        from peers in Gen.OneOf(
            LabelSelector.Select(s => $"{{podSelector: {s}}}"),
            NamespaceSelector.Select(n => $"{{namespaceSelector: {n}}}"),
            Gen.Const("{ipBlock: {cidr: 192.0.2.0/24, except: [192.0.2.128/25]}}")).Array[0, 2]
        from ports in Gen.OneOf("", "ports: [{port: 80}]", "ports: [{protocol: UDP}, {port: 80, endPort: 443}]", "ports: [{port: http}]")
        from has in Gen.Bool
        let side = isIngress ? "from" : "to"
        let rule = Join(peers.Length == 0 ? "" : $"{side}: [{string.Join(", ", peers)}]", ports)
        select $"{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: k#, namespace: {ns}}}, "
            + $"spec: {{podSelector: {subject}, policyTypes: [{types}], {(isIngress ? "ingress" : "egress")}: [{(has ? $"{{{rule}}}" : "")}]}}}}";

    private static readonly Gen<string> AntreaPolicy =
        from ns in Gen.OneOf("", "", "shop", "dev")
        from tier in Gen.OneOf("low", "application", "application", "baseline")
        from priority in Gen.OneOf("1", "1", "2.5", "7")
        from subjects in AntreaSubject(ns.Length == 0).Array[1, 2]
        from ingress in AntreaRule(ns.Length == 0, isIngress: true, tier).Array[0, 2]
        from egress in AntreaRule(ns.Length == 0, isIngress: false, tier).Array[0, 2]
        select $"{{apiVersion: crd.antrea.io/v1beta1, kind: {(ns.Length == 0 ? "ClusterNetworkPolicy" : "NetworkPolicy")}, "
            + $"metadata: {{name: a#{(ns.Length == 0 ? "" : $", namespace: {ns}")}}}, spec: {{tier: {tier}, priority: {priority}, "
            + $"appliedTo: [{string.Join(", ", subjects.Take(ingress.Concat(egress).Any(r => r.Contains("namespaces", StringComparison.Ordinal)) ? 1 : 2))}], "
            + $"ingress: [{string.Join(", ", ingress.Select((r, i) => Named(r, "in", i)))}], egress: [{string.Join(", ", egress.Select((r, i) => Named(r, "out", i)))}]}}}}";

    /// <summary>Everything.</summary>
    public static readonly Gen<Model> Any =
        from version in Gen.OneOf("v3.26.1", "v3.31.0", "v3.32.0")
        from dual in Gen.Bool
        from pods in Pod(dual).Array[2, 5]
        from sets in Set.Array[0, 2]
        from policies in Policy(withTiers: version == "v3.32.0").Array[0, 4]
        from kubernetes in KubernetesPolicy.Array[0, 2]
        from antrea in AntreaPolicy.Array[0, 4]
        select new Model(
            version,
            [
                .. Fixed,
                .. pods.Select((p, i) => Numbered(p, i + 1)),
                .. sets.Select(Numbered),
                .. version == "v3.32.0" ? Tiers : [],
                .. policies.Select(Numbered),
                .. kubernetes.Select(Numbered),
            ],
            [.. AntreaFixed, .. antrea.Select(Numbered)]);

    private static Gen<string> AntreaSubject(bool isCluster) => isCluster
        ? Gen.OneOf(
            LabelSelector.Select(s => $"{{podSelector: {s}}}"),
            NamespaceSelector.Select(n => $"{{namespaceSelector: {n}}}"),
            Gen.Select(LabelSelector, NamespaceSelector).Select((s, n) => $"{{podSelector: {s}, namespaceSelector: {n}}}"),
            Gen.OneOf("{serviceAccount: {name: web, namespace: shop}}"))
        : LabelSelector.Select(s => $"{{podSelector: {s}}}");

    private static Gen<string> AntreaRule(bool isCluster, bool isIngress, string tier) =>
        from action in tier == "baseline" ? Gen.OneOf("Allow", "Drop") : Gen.OneOf("Allow", "Allow", "Drop", "Drop", "Reject", "Pass")
        from peers in Gen.Frequency(
            (3, LabelSelector.Select(s => $"{{podSelector: {s}}}")),
            (2, NamespaceSelector.Select(n => $"{{namespaceSelector: {n}}}")),
            (2, Gen.OneOf("10.10.1.0/24", "192.0.2.0/24", "0.0.0.0/1", "fd00:10::/64").Select(n => $"{{ipBlock: {{cidr: '{n}'}}}}")),
            (1, Gen.Const("{ipBlock: {cidr: 10.10.0.0/16, except: [10.10.1.0/30]}}")),
            (isCluster ? 2 : 0, Gen.OneOf(
                "{group: both}", "{group: ofservice}", "{group: ghost}", "{serviceAccount: {name: web, namespace: shop}}", "{nodeSelector: {matchLabels: {zone: a}}}",
                "{namespaces: {match: Self}}", "{namespaces: {sameLabels: [env]}, podSelector: {matchLabels: {app: web}}}"))).Array[0, 2]
        from services in Gen.OneOf(
            "", "", "ports: [{protocol: TCP, port: 80}]", "ports: [{protocol: TCP, port: 53, endPort: 443}, {protocol: UDP}]",
            "ports: [{protocol: TCP, sourcePort: 1000, sourceEndPort: 2000}]", "ports: [{protocol: SCTP, port: 80, sourcePort: 1000}]",
            "protocols: [{icmp: {icmpType: 8}}]", "protocols: [{icmp: {}}], ports: [{protocol: UDP, port: 53}]", "ports: [{port: http, protocol: TCP}, {port: 443}]")
        let isNamed = services.Contains("http", StringComparison.Ordinal) && !isIngress
        let side = isIngress ? "from" : "to"
        select $"{{{Join(
            $"action: {action}, name: NAME",
            peers.Length == 0 ? "" : $"{side}: [{string.Join(", ", peers)}]",
            isNamed && (peers.Length == 0 || peers.Any(p => !p.Contains("Selector", StringComparison.Ordinal))) ? "" : services)}}}";

    private static string Numbered(string text, int number) => text.Replace("#", number.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);

    private static string Named(string rule, string direction, int index) => rule.Replace("NAME", $"{direction}-{index}", StringComparison.Ordinal);

    private static string Join(params string[] fields) => string.Join(", ", fields.Where(f => f.Length > 0));

    private static string Quote(string text) => JsonSerializer.Serialize(text);
}
