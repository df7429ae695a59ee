using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;
using Antrea.Migration.Policies;
using Antrea.Migration.Policies.Conversion;
using Antrea.Migration.Policies.Semantics;
using Antrea.Migration.Policies.Verification;

namespace Antrea.Migration.Tests.Policies;

/// <summary>One small table for each family of rule fields: what Calico decides, and that the conversion decides the same, provably.</summary>
public sealed class RuleConversionTests
{
    private const string X = "203.0.113.7";

    private const string Corp =
        "{apiVersion: crd.projectcalico.org/v1, kind: GlobalNetworkSet, metadata: {name: corp, labels: {role: corp}}, spec: {nets: [10.0.0.0/8]}}";

    private const string Partners =
        "{apiVersion: crd.projectcalico.org/v1, kind: NetworkSet, metadata: {name: partners, namespace: shop, labels: {kind: partner}}, spec: {nets: [192.0.2.0/24]}}";

    private const string WebPod =
        "{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop}, spec: {serviceAccountName: web, containers: [{ports: [{name: http, containerPort: 8080}]}]}}";

    /// <summary>Name; objects, one a line; flows as FROM > TO SERVICE = VERDICT.</summary>
    private static readonly (string Name, string Objects, string[] Flows)[] Cases =
    [
        ("Example2_NotSelectorInANetworkPolicy_MeansPodsOfTheNamespace",
            "NP {selector: \"app == 'web'\", types: [Ingress], ingress: [{action: Allow, source: {notSelector: \"app == 'db'\"}}]}",
            [$"{X} > shop/web TCP 80 = Deny", "dev/tool > shop/web TCP 80 = Deny", "shop/db > shop/web TCP 80 = Deny"]),
        ("Example3_NegativeNamespaceSelector_ReachesGlobalNetworkSets",
            $"{Corp}\nNP {{selector: \"app == 'web'\", types: [Ingress], ingress: [{{action: Allow, source: {{namespaceSelector: \"env != 'dev'\"}}}}]}}",
            ["dev/tool > shop/web TCP 80 = Allow", $"{X} > shop/web TCP 80 = Deny", "10.9.9.9 > shop/web TCP 80 = Allow"]),
        ("Example7_NotNetsOfTheOtherFamily_NeverMatch",
            "GNP {selector: \"app == 'web'\", types: [Ingress], ingress: [{action: Allow, source: {notNets: [\"fd00::/8\"]}}]}",
            [$"{X} > shop/web TCP 80 = Deny"]),
        ("Example8_ServicesWithoutNamespace_NeverMatch",
            $"{Service("db", "{app: db}", "10.10.1.20", 5432)}\nNP {{selector: \"app == 'web'\", types: [Egress], egress: [{{action: Allow, destination: {{services: {{name: db}}}}}}]}}",
            ["shop/web > shop/db TCP 5432 = Deny"]),
        ("Example8_Services_AreTheirEndpointsAndPorts",
            $"{Service("db", "{app: db}", "10.10.1.20", 5432)}\nNP {{selector: \"app == 'web'\", types: [Egress], egress: [{{action: Allow, destination: {{services: {{name: db, namespace: shop}}}}}}]}}",
            ["shop/web > shop/db TCP 5432 = Allow", "shop/web > shop/db TCP 80 = Deny", "shop/web > shop/db UDP 5432 = Deny", "shop/web > dev/tool TCP 5432 = Deny"]),
        ("ServicesOutside_AreNetworks",
            $"{Service("ext", "{}", "192.0.2.10", 443)}\nNP {{types: [Egress], egress: [{{action: Allow, destination: {{services: {{name: ext, namespace: shop}}}}}}]}}",
            ["shop/web > 192.0.2.10 TCP 443 = Allow", "shop/web > 192.0.2.10 TCP 80 = Deny", "shop/web > 192.0.2.11 TCP 443 = Deny"]),
        ("ServicesAsSource_AreAddressesOnly",
            $"{Service("db", "{app: db}", "10.10.1.20", 5432)}\nNP {{selector: \"app == 'web'\", types: [Ingress], ingress: [{{action: Allow, protocol: TCP, source: {{services: {{name: db, namespace: shop}}, ports: [\"1000:2000\"]}}}}]}}",
            ["shop/db > shop/web TCP 80 = Deny", "shop/db > shop/web TCP 80 from 1500 = Allow", "dev/tool > shop/web TCP 80 from 1500 = Deny"]),
        ("Example10_Http_IsIgnored",
            "NP {selector: \"app == 'web'\", types: [Ingress], ingress: [{action: Allow, http: {methods: [GET]}}]}",
            [$"{X} > shop/web TCP 8080 = Allow", $"{X} > shop/web UDP 9999 = Allow"]),
        ("Example11_NamedPort_IsWhatThePodDeclares",
            $"{WebPod}\nNP {{types: [Ingress], ingress: [{{action: Allow, protocol: TCP, destination: {{ports: [http, 9090]}}}}]}}",
            [$"{X} > shop/web TCP 8080 = Allow", $"{X} > shop/db TCP 8080 = Deny", $"{X} > shop/db TCP 9090 = Allow", $"{X} > shop/web UDP 8080 = Deny"]),
        ("NamedPortInEgress_StandsBesidePodsOnly",
            $"{WebPod}\n{Corp}\nGNP {{namespaceSelector: \"env == 'dev'\", types: [Egress], egress: [{{action: Allow, protocol: TCP, destination: {{selector: \"role == 'corp' || app == 'web'\", ports: [http, 9090]}}}}]}}",
            ["dev/tool > shop/web TCP 8080 = Allow", "dev/tool > 10.9.9.9 TCP 8080 = Deny", "dev/tool > 10.9.9.9 TCP 9090 = Allow", "dev/tool > shop/db TCP 8080 = Deny"]),
        ("NamedPortInEgressToAnything_IsThePodsThatDeclareIt",
            $"{WebPod}\nNP {{selector: \"app == 'db'\", types: [Egress], egress: [{{action: Allow, protocol: TCP, destination: {{ports: [http]}}}}]}}",
            ["shop/db > shop/web TCP 8080 = Allow", $"shop/db > {X} TCP 8080 = Deny", "shop/db > dev/tool TCP 8080 = Deny"]),
        ("NamedPortWithoutProtocol_IsOfAnyProtocol",
            $"V v3.32.0\n{WebPod}\nNP {{types: [Ingress], ingress: [{{action: Allow, destination: {{ports: [http]}}}}]}}",
            [$"{X} > shop/web TCP 8080 = Allow", $"{X} > shop/web UDP 8080 = Deny"]),
        ("Example12_ServiceAccountSelectorAll_ReachesNetworkSets",
            $"{WebPod}\n{Corp}\nGNP {{selector: \"app == 'web'\", types: [Ingress], ingress: [{{action: Allow, source: {{serviceAccounts: {{selector: all()}}}}}}]}}",
            ["10.9.9.9 > shop/web TCP 80 = Allow", $"{X} > shop/web TCP 80 = Deny", "shop/db > shop/web TCP 80 = Allow"]),
        ("ServiceAccountNames_AreOnePeerEach",
            $"{WebPod}\nGNP {{selector: \"app == 'db'\", types: [Ingress], ingress: [{{action: Allow, source: {{serviceAccounts: {{names: [web, other]}}}}}}]}}",
            ["shop/web > shop/db TCP 80 = Allow", "dev/tool > shop/db TCP 80 = Deny", $"{X} > shop/db TCP 80 = Deny"]),
        ("ServiceAccountOfANetworkPolicy_IsOfItsNamespace",
            $"{WebPod}\nNP {{selector: \"app == 'db'\", types: [Ingress], ingress: [{{action: Allow, source: {{serviceAccounts: {{names: [web]}}}}}}]}}",
            ["shop/web > shop/db TCP 80 = Allow", "dev/tool > shop/db TCP 80 = Deny"]),
        ("Example19_NotAllNamespaces_MeansGlobal",
            $"{Corp}\nNP {{selector: \"app == 'web'\", types: [Ingress], ingress: [{{action: Allow, source: {{namespaceSelector: '!all()'}}}}]}}",
            ["dev/tool > shop/web TCP 80 = Allow", $"{X} > shop/web TCP 80 = Deny"]),
        ("IcmpTypeAndCode_AreThose",
            "NP {types: [Ingress], ingress: [{action: Allow, protocol: ICMP, icmp: {type: 8}}, {action: Allow, protocol: 1, icmp: {type: 3, code: 4}}]}",
            [$"{X} > shop/web ICMP 8/0 = Allow", $"{X} > shop/web ICMP 13/0 = Deny", $"{X} > shop/web ICMP 3/4 = Allow", $"{X} > shop/web ICMP 3/1 = Deny", $"{X} > shop/web TCP 80 = Deny"]),
        ("IcmpOnADualStackCluster_IsOfItsFamily",
            "DUAL\nNP {types: [Ingress], ingress: [{action: Allow, protocol: ICMP}]}",
            [$"{X} > shop/web ICMP 8/0 = Allow", $"{X} > shop/web TCP 80 = Deny"]),
        ("NotPorts_AreTheRangesBetween",
            "NP {types: [Ingress], ingress: [{action: Allow, protocol: TCP, destination: {ports: [\"80:90\", 443], notPorts: [85, \"400:500\"]}, source: {notPorts: [\"1:1023\"]}}]}",
            [$"{X} > shop/web TCP 84 = Allow", $"{X} > shop/web TCP 85 = Deny", $"{X} > shop/web TCP 443 = Deny", $"{X} > shop/web TCP 86 from 1023 = Deny", $"{X} > shop/web TCP 86 from 1024 = Allow"]),
        ("NetsWithoutNotNets_AreTheDifference",
            "NP {types: [Egress], egress: [{action: Allow, destination: {nets: [192.0.2.0/24, 198.51.100.0/24], notNets: [192.0.2.64/26, 198.51.0.0/16]}}]}",
            ["shop/web > 192.0.2.63 TCP 80 = Allow", "shop/web > 192.0.2.64 TCP 80 = Deny", "shop/web > 192.0.2.128 TCP 80 = Allow", "shop/web > 198.51.100.1 TCP 80 = Deny"]),
        ("NotNetsInEgress_LeaveMulticastIn",
            "NP {types: [Egress], egress: [{action: Allow, destination: {notNets: [192.168.0.0/16]}}]}",
            ["shop/web > 192.168.1.1 TCP 80 = Deny", "shop/web > 8.8.8.8 TCP 80 = Allow", "shop/web > 224.0.0.9 UDP 80 = Allow", "shop/web > shop/db TCP 80 = Allow"]),
        ("NetworkSetOfTheNamespace_IsReachedBySelector",
            $"{Partners}\nNP {{types: [Ingress], ingress: [{{action: Allow, source: {{selector: \"kind == 'partner'\"}}}}]}}",
            ["192.0.2.5 > shop/web TCP 80 = Allow", $"{X} > shop/web TCP 80 = Deny"]),
        ("SelectorAndNets_MeetInNetworkSets",
            $"{Partners}\nNP {{types: [Ingress], ingress: [{{action: Allow, source: {{selector: \"kind == 'partner'\", nets: [192.0.2.128/25, 203.0.113.0/24]}}}}]}}",
            ["192.0.2.200 > shop/web TCP 80 = Allow", "192.0.2.5 > shop/web TCP 80 = Deny", $"{X} > shop/web TCP 80 = Deny"]),
        ("SelectorWithoutNotSelector_IsDecidedObjectByObject",
            "{apiVersion: crd.projectcalico.org/v1, kind: GlobalNetworkSet, metadata: {name: bad, labels: {kind: bad}}, spec: {nets: [192.0.2.64/26]}}\n"
            + $"{Partners}\nGNP {{types: [Ingress], ingress: [{{action: Allow, source: {{selector: has(kind), notSelector: \"kind == 'bad'\"}}}}]}}",
            ["192.0.2.70 > shop/web TCP 80 = Allow", $"{X} > shop/web TCP 80 = Deny"]),
        ("NotSelectorOfAGlobalPolicy_ReachingSetsOnly_IsTheRestOfTheWorld",
            "{apiVersion: crd.projectcalico.org/v1, kind: GlobalNetworkSet, metadata: {name: bad, labels: {kind: bad}}, spec: {nets: [192.0.2.0/24]}}\n"
            + "GNP {types: [Ingress], ingress: [{action: Allow, source: {notSelector: \"kind == 'bad'\"}}]}",
            [$"{X} > shop/web TCP 80 = Allow", "192.0.2.9 > shop/web TCP 80 = Deny", "dev/tool > shop/web TCP 80 = Allow"]),
        ("OwnSideOfARule_NarrowsWhomItAppliesTo",
            "NP {types: [Ingress, Egress], ingress: [{action: Allow, destination: {selector: \"app == 'web'\"}}], egress: [{action: Allow, source: {notSelector: \"app == 'web'\"}}]}",
            [$"{X} > shop/web TCP 80 = Allow", $"{X} > shop/db TCP 80 = Deny", $"shop/web > {X} TCP 80 = Deny", $"shop/db > {X} TCP 80 = Allow"]),
        ("NamedPortOfPodsThatASetTakes_IsOfThoseThatTheSelectorTakes",
            $"{WebPod}\n{Corp}\nGNP {{types: [Ingress], ingress: [{{action: Allow, protocol: TCP, destination: {{selector: \"role == 'corp' || app == 'db'\", ports: [http, 9090]}}}}]}}",
            [$"{X} > shop/web TCP 8080 = Deny", $"{X} > shop/web TCP 9090 = Allow"]),
        ("OwnSideNetsAroundAllPods_AreNoDemand",
            "NP {types: [Ingress], ingress: [{action: Allow, destination: {nets: [10.0.0.0/8]}}, {action: Allow, destination: {nets: [192.0.2.0/24]}}]}",
            [$"{X} > shop/web TCP 80 = Allow"]),
        ("TextOperators_StandForTheValuesInUse",
            "GNP {selector: \"app == 'db'\", types: [Ingress], ingress: [{action: Allow, source: {selector: \"app starts with 'w' && !(app ends with 'x')\"}}]}",
            ["dev/tool > shop/db TCP 80 = Allow", $"{X} > shop/db TCP 80 = Deny"]),
        ("IPVersionOnADualStackCluster_IsANetworkOfTheFamily",
            "DUAL\nNP {types: [Ingress], ingress: [{action: Allow, ipVersion: 6}]}",
            [$"{X} > shop/web TCP 80 = Deny"]),
        ("NetsBesidePodsThatAreElsewhere_NeverMatch",
            "NP {types: [Ingress], ingress: [{action: Allow, source: {selector: \"app == 'web'\", nets: [192.0.2.0/24]}}]}",
            ["192.0.2.1 > shop/db TCP 80 = Deny", "shop/web > shop/db TCP 80 = Deny"]),
        ("UnconvertibleButImpossible_IsLeftOut",
            "NP {types: [Ingress], ingress: [{action: Allow, ipVersion: 6, notProtocol: TCP}, {action: Allow, protocol: UDP, notProtocol: UDP}, {action: Allow, protocol: ICMPv6}]}",
            [$"{X} > shop/web TCP 80 = Deny", $"{X} > shop/web UDP 80 = Deny"]),
    ];

    private static IEnumerable<TestCaseData> AllCases() => Cases.Select(c => new TestCaseData(c.Objects, c.Flows).SetArgDisplayNames(c.Name));

    [TestCaseSource(nameof(AllCases))]
    public void Convert_Rule_DecidesAsCalicoDoes(string objects, string[] flows)
    {
        var cluster = Build(objects);
        var conversion = cluster.Convert();
        Assert.That(conversion.HasRefusals, Is.False, () => string.Join('\n', conversion.Findings));
        var calico = PolicyEvaluators.CalicoTables(cluster.Snapshot, cluster.Options);
        var antrea = PolicyEvaluators.AntreaTables(cluster.Snapshot, conversion.Objects);
        using (Assert.EnterMultipleScope())
        {
            foreach (var flow in flows)
            {
                var (traffic, direction, expected) = ReadFlow(cluster, flow, isEgress: objects.Contains("types: [Egress]", StringComparison.Ordinal));
                Assert.That(calico.Evaluate(traffic, direction).Kind, Is.EqualTo(expected), () => $"Calico, {flow}: {calico.Evaluate(traffic, direction)}");
                Assert.That(antrea.Evaluate(traffic, direction).Kind, Is.EqualTo(expected), () => $"Antrea, {flow}: {antrea.Evaluate(traffic, direction)}");
            }

            var proof = cluster.Verify(conversion.Objects);
            Assert.That(proof.Verdict, Is.EqualTo(ProofVerdict.Equal), () => proof.CounterExample?.ToString() ?? proof.Reason ?? "");
        }
    }

    private static readonly (string Name, string Objects, string Code)[] Refusals =
    [
        ("NamedPortAtNetworksOfADualStackCluster",
            $"DUAL\n{WebPod}\nNP {{types: [Egress], egress: [{{action: Allow, protocol: TCP, destination: {{nets: [10.0.0.0/8], ports: [http]}}}}]}}", "named-port"),
        ("NamedPortThatAPodDeclaresTwice",
            "{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop}, spec: {containers: [{ports: [{name: http, containerPort: 80}]}, {ports: [{name: http, containerPort: 81}]}]}}\n"
            + "NP {types: [Ingress], ingress: [{action: Allow, protocol: TCP, destination: {ports: [http]}}]}", "named-port"),
        ("NamedPortOfAnInitContainer",
            "V v3.31.0\n{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop}, spec: {initContainers: [{ports: [{name: http, containerPort: 80}]}]}}\n"
            + "NP {types: [Ingress], ingress: [{action: Allow, protocol: TCP, destination: {ports: [http]}}]}", "named-port"),
        ("NamedPortBesideSourcePorts",
            "NP {types: [Ingress], ingress: [{action: Allow, protocol: TCP, source: {ports: [1000]}, destination: {ports: [http]}}]}", "named-port"),
        ("NamedPortWithoutNumbers",
            "NP {types: [Ingress], ingress: [{action: Allow, protocol: TCP, destination: {ports: [http], notPorts: [80]}}]}", "named-port"),
        ("NamedNotPort", "NP {types: [Ingress], ingress: [{action: Allow, protocol: TCP, destination: {notPorts: [http]}}]}", "named-port"),
        ("OwnSideInASetOfOneFamilyOnADualStackCluster",
            $"DUAL\n{Corp}\nGNP {{types: [Ingress], ingress: [{{action: Allow, destination: {{selector: \"role == 'corp'\"}}}}]}}", "subject-restricted"),
        ("OwnSideInASetWithSomePods",
            "{apiVersion: crd.projectcalico.org/v1, kind: GlobalNetworkSet, metadata: {name: some, labels: {role: some}}, spec: {nets: [10.10.1.0/24]}}\n"
            + "GNP {types: [Ingress], ingress: [{action: Allow, destination: {selector: \"role == 'some'\"}}]}", "subject-restricted"),
        ("SetWithSomePods",
            "{apiVersion: crd.projectcalico.org/v1, kind: GlobalNetworkSet, metadata: {name: some, labels: {role: some}}, spec: {nets: [10.10.1.0/24]}}\n"
            + "GNP {types: [Ingress], ingress: [{action: Allow, source: {selector: \"role == 'some'\"}}]}", "net-in-pool"),
        ("NotNetsWithSomePods", "NP {types: [Ingress], ingress: [{action: Allow, source: {notNets: [10.10.1.0/24]}}]}", "net-in-pool"),
        ("ServiceWithoutSlicesInTheInput",
            "{apiVersion: v1, kind: Service, metadata: {name: db, namespace: shop}, spec: {selector: {app: db}}}\n"
            + "NP {types: [Egress], egress: [{action: Allow, destination: {services: {name: db, namespace: shop}}}]}", "services"),
        ("ServiceThatIsNotInTheInput", "NP {types: [Egress], egress: [{action: Allow, destination: {services: {name: db, namespace: shop}}}]}", "services"),
        ("ServiceOfPodsWithoutASelector",
            $"{Service("db", "{}", "10.10.1.20", 5432)}\nNP {{types: [Egress], egress: [{{action: Allow, destination: {{services: {{name: db, namespace: shop}}}}}}]}}", "services"),
        ("ServiceAccountBesideLabelsThatDoNotGoWithIt",
            $"{WebPod}\nGNP {{types: [Ingress], ingress: [{{action: Allow, source: {{selector: \"app == 'db'\", serviceAccounts: {{names: [web]}}}}}}]}}", "selector-service-account"),
        ("IcmpWithoutItsProtocol", "NP {types: [Ingress], ingress: [{action: Allow, protocol: TCP, icmp: {type: 8}}]}", "icmp"),
        ("NotIcmp", "NP {types: [Ingress], ingress: [{action: Allow, protocol: ICMP, notICMP: {type: 8}}]}", "not-icmp"),
        ("RuleThatNeverMatchesButMakesThePolicyInvalid",
            "NP {types: [Ingress], ingress: [{action: Allow, ipVersion: 6, destination: {ports: [80]}}]}", "ports-without-protocol"),
    ];

    private static IEnumerable<TestCaseData> AllRefusals() => Refusals.Select(c => new TestCaseData(c.Objects, c.Code).SetArgDisplayNames(c.Name));

    [TestCaseSource(nameof(AllRefusals))]
    public void Convert_RuleWithoutAnEqual_IsRefusedByName(string objects, string code)
    {
        var conversion = Build(objects).Convert();
        var refusals = conversion.Findings.Where(f => f.Severity == Severity.Blocker).ToList();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(refusals.Select(f => f.Id), Is.EqualTo(new[] { code }));
            Assert.That(refusals.Select(f => f.Subject), Has.All.Contain("/p spec."));
            Assert.That(conversion.Policies.Single(p => p.Kind != "KubernetesNetworkPolicy").Objects, Is.Empty);
        }
    }

    [Test]
    public void Convert_SelectorAndNets_IsNeverTwoAlternatives()
    {
        var conversion = Build("GNP {selector: \"app == 'db'\", types: [Ingress], ingress: [{action: Allow, source: {selector: \"app == 'web'\", nets: [10.10.1.0/24]}}]}").Convert();
        Assert.That(conversion.Findings.Select(f => f.Id), Does.Contain("selector-and-nets"));
    }

    [Test]
    public void Convert_NotNetsForAnAntreaWithoutExcept_WritesThePrefixesBetween()
    {
        var cluster = Build("NP {types: [Ingress], ingress: [{action: Allow, source: {notNets: [11.0.0.0/8]}}]}");
        var options = cluster.Options with { AntreaVersion = "v2.1.0" };
        var conversion = PolicyConverter.Convert(cluster.Snapshot, options);
        var blocks = conversion.Objects[1]["spec"]!["ingress"]![0]!["from"]!.AsArray().Select(p => p!["ipBlock"]!.AsObject()).ToList();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(blocks, Has.Count.EqualTo(8));
            Assert.That(blocks.Any(b => b.ContainsKey("except")), Is.False);
            Assert.That(PolicyVerifier.Verify(cluster.Snapshot, conversion.Objects, options).Verdict, Is.EqualTo(ProofVerdict.Equal));
        }
    }

    [Test]
    public void Convert_NotNetsInEgressForAnAntreaWithoutExcept_DoesNotWriteWhatItTakesForMulticast()
    {
        var cluster = Build("NP {types: [Egress], egress: [{action: Allow, destination: {notNets: [192.168.0.0/16]}}]}");
        var conversion = PolicyConverter.Convert(cluster.Snapshot, cluster.Options with { AntreaVersion = "v2.1.0" });
        Assert.That(conversion.Findings.Where(f => f.Severity == Severity.Blocker).Select(f => f.Id), Is.EqualTo(new[] { "multicast-net" }));
    }

    [TestCase(1, null)]
    [TestCase(2, "rule-too-wide")]
    public void Convert_SetOfAHundredThousandNetworks_IsBounded(int step, string? code)
    {
        var nets = new JsonArray([.. Enumerable.Range(0, 100_000).Select(i => (JsonNode)$"172.{20 + ((i * step) >> 16)}.{((i * step) >> 8) & 255}.{(i * step) & 255}/32")]);
        var set = new JsonObject
        {
            ["apiVersion"] = "crd.projectcalico.org/v1",
            ["kind"] = "GlobalNetworkSet",
            ["metadata"] = new JsonObject { ["name"] = "many", ["labels"] = new JsonObject { ["kind"] = "many" } },
            ["spec"] = new JsonObject { ["nets"] = nets },
        };
        var rules = string.Join(", ", Enumerable.Repeat("{action: Allow, source: {selector: \"kind == 'many'\"}}", 20));
        var cluster = Build($"GNP {{types: [Ingress], ingress: [{rules}]}}");
        var snapshot = cluster.Snapshot with { Objects = [.. cluster.Snapshot.Objects, new ClusterObject(set, "test")] };
        var conversion = PolicyConverter.Convert(snapshot, cluster.Options);
        var refused = conversion.Findings.Where(f => f.Severity == Severity.Blocker).Select(f => f.Id).Distinct();
        Assert.That(refused, code is null ? Is.Empty : Is.EqualTo(new[] { code }));
    }

    private static PolicyCluster Build(string objects)
    {
        var lines = objects.Split('\n');
        var cluster = PolicyCluster.Examples(lines[0].StartsWith("V ", StringComparison.Ordinal) ? lines[0][2..] : "v3.26.1");
        foreach (var line in lines)
        {
            _ = line.Split(' ', 2) switch
            {
                ["V", _] => cluster,
                ["DUAL"] => cluster.DualStack(),
                ["NP", var spec] => cluster.NetworkPolicy("shop", "p", spec),
                ["GNP", var spec] => cluster.GlobalPolicy("p", spec),
                _ => cluster.Add(line),
            };
        }

        return cluster;
    }

    private static (Traffic Traffic, Direction Direction, VerdictKind Expected) ReadFlow(PolicyCluster cluster, string text, bool isEgress)
    {
        var words = text.Split(' ');
        var isIcmp = words[3] == "ICMP";
        var protocol = words[3] switch { "TCP" => IPProtocol.Tcp, "UDP" => IPProtocol.Udp, _ => IPProtocol.Icmp };
        var from = words[5] == "from" ? int.Parse(words[6], System.Globalization.CultureInfo.InvariantCulture) : 40000;
        var traffic = cluster.Flow(
            words[0], words[2], isIcmp ? 0 : int.Parse(words[4], System.Globalization.CultureInfo.InvariantCulture), protocol, isIcmp ? 0 : from);
        if (isIcmp)
        {
            var message = words[4].Split('/').Select(n => byte.Parse(n, System.Globalization.CultureInfo.InvariantCulture)).ToArray();
            traffic = traffic with { Icmp = new IcmpMessage(message[0], message[1]) };
        }

        var direction = traffic.Destination.Pod is null || (traffic.Source.Pod is not null && isEgress) ? Direction.Egress : Direction.Ingress;
        return (traffic, direction, Enum.Parse<VerdictKind>(words[^1]));
    }

    private static string Service(string name, string selector, string endpoint, int port) =>
        $"{{apiVersion: v1, kind: Service, metadata: {{name: {name}, namespace: shop}}, spec: {{selector: {selector}}}}}\n"
        + $"{{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {{name: {name}-1, namespace: shop, labels: {{kubernetes.io/service-name: {name}}}}}, "
        + $"addressType: IPv4, endpoints: [{{addresses: [{endpoint}]}}], ports: [{{port: {port}, protocol: TCP}}]}}";
}
