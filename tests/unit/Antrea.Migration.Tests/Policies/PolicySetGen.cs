using System.Text.Json;
using CsCheck;

namespace Antrea.Migration.Tests.Policies;

/// <summary>Random clusters whose policies all lie within the converter's subset, as JSON texts.</summary>
internal static class PolicySetGen
{
    private static readonly string[] Namespaces = ["shop", "dev", "ops"];

    private static readonly Gen<string> Label = Gen.OneOf("web", "db", "prod", "", "-");

    /// <summary>Disjoint from every Pod address, or holding all of them; of both families.</summary>
    private static readonly Gen<string> Nets =
        Gen.OneOf("192.0.2.0/24", "198.51.100.128/25", "198.51.100.7", "10.0.0.0/8", "0.0.0.0/0", "2001:db8::/32", "::/0")
            .Array[1, 3].Select(n => $"[{string.Join(", ", n.Distinct().Select(Quote))}]");

    private static readonly Gen<string> NotNets =
        Gen.OneOf("192.0.2.128/25", "198.51.100.0/24", "10.0.0.0/8", "2001:db8::/32", "::/0").Array[1, 2].Select(n => $"[{string.Join(", ", n.Distinct().Select(Quote))}]");

    /// <summary>Network sets, disjoint from every Pod address or holding all of them, with labels that Pods have too.</summary>
    private static readonly Gen<string[]> Sets =
        Gen.Select(Gen.OneOf("", ", namespace: shop", ", namespace: dev"), Gen.OneOf("app: web", "app: db", "role: prod", ""), Nets)
            .Array[0, 3]
            .Select(sets => sets.Select((s, i) =>
                $"{{apiVersion: crd.projectcalico.org/v1, kind: {(s.Item1.Length == 0 ? "GlobalNetworkSet" : "NetworkSet")}, "
                + $"metadata: {{name: s{i}{s.Item1}, labels: {{{s.Item2}}}}}, spec: {{nets: {s.Item3}}}}}").ToArray());

    private static readonly Gen<string> Ports =
        Gen.OneOf("80", "443", "\"80:90\"", "\"85:8080\"", "\"1:65535\"", "65535", "\"53\"").Array[1, 3].Select(p => $"[{string.Join(", ", p)}]");

    private static readonly Gen<string> Protocol = Gen.OneOf("TCP", "UDP", "SCTP", "6", "17");

    private static readonly Gen<string> Peer = Gen.OneOf(
        Gen.Const(""),
        Nets.Select(n => $"nets: {n}"),
        SelectorGen.OnPodsAndNamespaces.Select(s => $"selector: {Quote(s.ToString())}"),
        SelectorGen.OnNamespaces.Select(s => $"namespaceSelector: {Quote(s.ToString())}"),
        Gen.Select(SelectorGen.OnPods, SelectorGen.OnNamespaces, (p, n) => $"selector: {Quote(p.ToString())}, namespaceSelector: {Quote(n.ToString())}"),
        NotNets.Select(n => $"notNets: {n}"),
        Gen.Select(Nets, NotNets).Select((n, not) => $"nets: {n}, notNets: {not}"),
        Gen.Select(SelectorGen.OnPodsAndNamespaces, SelectorGen.OnPods).Select((p, not) => $"selector: {Quote(p.ToString())}, notSelector: {Quote(not.ToString())}"),
        Gen.Select(SelectorGen.OnPods, Nets).Select((p, n) => $"selector: {Quote(p.ToString())}, nets: {n}"),
        Gen.OneOf("namespaceSelector: all()", "namespaceSelector: global()", "selector: all()"));

    private static readonly Gen<string> Order = Gen.OneOf("", "order: 1, ", "order: 10, ", "order: -2.5, ", "order: 1000, ", "order: 1001, ");

    /// <summary>A cluster.</summary>
    /// <param name="Version">The Calico version.</param>
    /// <param name="Pods">Labels of each Pod; the first half exists when the policies are converted.</param>
    /// <param name="Tiers">Tiers beside default.</param>
    /// <param name="Policies">Calico policies.</param>
    /// <param name="KubernetesPolicies">Kubernetes policies.</param>
    public sealed record Model(
        string Version, (string Namespace, string App, string Role)[] Pods, string[] Tiers, string[] Policies, string[] KubernetesPolicies)
    {
        public override string ToString() =>
            string.Join('\n', [Version, .. Pods.Select(p => p.ToString()), .. Tiers, .. Policies, .. KubernetesPolicies]);

        /// <summary>The cluster with all of its Pods, or with the first half.</summary>
        public PolicyCluster Build(bool allPods)
        {
            var cluster = new PolicyCluster { CalicoVersion = Version }
                .Namespace("shop", ("env", "prod"), ("team", "web"))
                .Namespace("dev", ("env", "dev"))
                .Namespace("ops");
            for (var i = 0; i < (allPods ? Pods.Length : Pods.Length / 2); i++)
            {
                var (ns, app, role) = Pods[i];
                cluster.Pod(ns, $"p{i}", $"10.10.1.{i + 1}", [.. new[] { ("app", app), ("role", role) }.Where(l => l.Item2 != "-")]);
            }

            foreach (var text in (string[])[.. Tiers, .. Policies, .. KubernetesPolicies])
            {
                cluster.Add(text);
            }

            return cluster;
        }
    }

    private static readonly Gen<string> KubernetesPolicy =
        from ns in Gen.OneOf(Namespaces)
        from subject in Gen.OneOf("{}", "{matchLabels: {app: web}}", "{matchExpressions: [{key: role, operator: DoesNotExist}]}")
        from type in Gen.OneOf("Ingress", "Egress")
        from types in Gen.Frequency((4, Gen.Const(type)), (1, Gen.OneOf("Ingress", "Egress", "Ingress, Egress")))
        from peer in Gen.OneOf("", "podSelector: {matchLabels: {app: db}}", "namespaceSelector: {}", "ipBlock: {cidr: 192.0.2.0/24, except: [192.0.2.128/25]}")
        from ports in Gen.OneOf("", "ports: [{port: 80}]", "ports: [{protocol: UDP}, {port: 80, endPort: 443}]")
        let side = type == "Ingress" ? "from" : "to"
        let rule = string.Join(", ", new[] { peer.Length == 0 ? "" : $"{side}: [{{{peer}}}]", ports }.Where(t => t.Length > 0))
        from rules in Gen.OneOf("", $"{type.ToLowerInvariant()}: [{{{rule}}}], ")
        select $"{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: NAME, namespace: {ns}}}, "
            + $"spec: {{{rules}podSelector: {subject}, policyTypes: [{types}]}}}}";

    /// <summary>Policies in tier default and, from v3.32 on, in two more; Pass, Log, and Kubernetes policies of both kinds among them.</summary>
    public static readonly Gen<Model> Any =
        from version in Gen.OneOf("v3.26.1", "v3.31.0", "v3.32.0")
        from pods in Gen.Select(Gen.OneOf(Namespaces), Label, Label).Array[2, 8]
        from tierDefault in Gen.Frequency((7, Gen.Const(Array.Empty<string>())), (1, Gen.Const(new[] { Tier("default", "order: 1000000, defaultAction: Pass") })))
        from before in Gen.OneOf("order: 10", "order: 1000000", "order: 10, defaultAction: Pass")
        from after in Gen.OneOf("order: 2000000", "defaultAction: Pass", "defaultAction: Deny")
        from policies in Policy(withTiers: version == "v3.32.0").Array[1, 5]
        from sets in Gen.Frequency((1, Gen.Const(Array.Empty<string>())), (1, Sets))
        from kubernetes in Gen.Frequency((2, Gen.Const(Array.Empty<string>())), (1, KubernetesPolicy.Array[1, 3]))
        select new Model(
            version,
            pods,
            version != "v3.32.0" ? sets : [.. sets, Tier("before", before), Tier("zafter", after), .. tierDefault],
            [.. policies.Select((p, i) => p.Replace("NAME", $"p{i}", StringComparison.Ordinal))],
            [.. kubernetes.Select((p, i) => p.Replace("NAME", $"k{i}", StringComparison.Ordinal))]);

    private static Gen<string> Policy(bool withTiers) =>
        from ns in Gen.OneOf("", "", "shop", "dev", "ops")
        from tier in withTiers ? Gen.OneOf("default", "before", "zafter") : Gen.Const("default")
        from order in Order
        from subject in ns.Length > 0 ? SelectorGen.OnPods : SelectorGen.OnPodsAndNamespaces
        from namespaces in SelectorGen.OnNamespaces
        from hasNamespaces in Gen.Bool
        from types in Gen.OneOf("Ingress", "Egress", "Ingress, Egress")
        from ingress in Rule(Antrea.Migration.Policies.Direction.Ingress).Array[0, 3]
        from egress in Rule(Antrea.Migration.Policies.Direction.Egress).Array[0, 3]
        let kind = ns.Length > 0 ? "NetworkPolicy" : "GlobalNetworkPolicy"
        let namespaceField = ns.Length > 0 ? $", namespace: {ns}" : ""
        let scope = ns.Length == 0 && hasNamespaces ? $"namespaceSelector: {Quote(namespaces.ToString())}, " : ""
        select $"{{apiVersion: crd.projectcalico.org/v1, kind: {kind}, metadata: {{name: {(withTiers ? "" : "default.")}NAME{namespaceField}}}, "
            + $"spec: {{tier: {tier}, {order}{scope}selector: {Quote(subject.ToString())}, types: [{types}], "
            + $"ingress: [{string.Join(", ", ingress)}], egress: [{string.Join(", ", egress)}]}}}}";

    private static Gen<string> Rule(Antrea.Migration.Policies.Direction direction) =>
        from action in Gen.Frequency((5, Gen.Const("Allow")), (4, Gen.Const("Deny")), (3, Gen.Const("Pass")), (1, Gen.Const("Log")))
        from peer in Peer
        from protocol in Gen.OneOf(Gen.Const(""), Protocol)
        from to in Gen.OneOf(Gen.Const(""), Ports)
        from @from in Gen.OneOf(Gen.Const(""), Gen.Const(""), Ports)
        from not in Gen.Frequency((3, Gen.Const("")), (1, Ports))
        from own in Gen.Frequency((5, Gen.Const("")), (1, SelectorGen.OnPods.Select(s => $"selector: {Quote(s.ToString())}")))
        from other in Gen.Frequency((12, Gen.Const("")), (1, Gen.OneOf("protocol: ICMP", "protocol: ICMP, icmp: {type: 8}", "protocol: 1, icmp: {type: 3, code: 4}", "ipVersion: 4", "ipVersion: 6")))
        let hasPorts = protocol.Length > 0
        let toField = Join(hasPorts && to.Length > 0 ? $"ports: {to}" : "", hasPorts && not.Length > 0 ? $"notPorts: {not}" : "")
        let fromField = hasPorts && protocol != "SCTP" && @from.Length > 0 ? $"ports: {@from}" : ""
        let isIngress = direction == Antrea.Migration.Policies.Direction.Ingress
        let source = Join(fromField, isIngress ? peer : own)
        let destination = Join(toField, isIngress ? own : peer)
        select $"{{{Join($"action: {action}", hasPorts ? "" : other, hasPorts ? $"protocol: {protocol}" : "", $"source: {{{source}}}", $"destination: {{{destination}}}")}}}";

    private static string Tier(string name, string spec) =>
        $"{{apiVersion: crd.projectcalico.org/v1, kind: Tier, metadata: {{name: {name}}}, spec: {{{spec}}}}}";

    private static string Join(params string[] fields) => string.Join(", ", fields.Where(f => f.Length > 0));

    private static string Quote(string text) => JsonSerializer.Serialize(text);
}
