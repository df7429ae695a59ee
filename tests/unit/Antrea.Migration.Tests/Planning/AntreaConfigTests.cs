using Antrea.Migration.Clusters;
using Antrea.Migration.Planning;
using Antrea.Migration.Routing.Reachability;

namespace Antrea.Migration.Tests.Planning;

/// <summary>What a manifest's antrea-config asks for, and what is said of it.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class AntreaConfigTests
{
    private const string OneSubnet = "172.18.0.2/16 172.18.0.3/16";

    [TestCase("tunnelType: geneve", OneSubnet, "")]
    [TestCase("trafficEncapMode: encap", "172.18.0.2/16 172.19.0.3/16", "")]
    [TestCase("trafficEncapMode: noEncap", OneSubnet, "")]
    [TestCase("trafficEncapMode: \"hybrid\" # between zones", "172.18.0.2/16 172.19.0.3/16", "")]
    [TestCase("trafficEncapMode: noEncap", "172.18.0.2/16 172.19.0.3/16", "Blocker antrea-noencap-between-subnets")]
    [TestCase("trafficEncapMode: noEncap", "172.18.0.2/16 172.18.0.3/24", "Blocker antrea-noencap-between-subnets")]
    [TestCase("trafficEncapMode: noEncap", "172.18.0.2/16 ", "Warning antrea-noencap-subnets-unknown")]
    [TestCase("trafficEncapMode: networkPolicyOnly", OneSubnet, "Blocker antrea-encap-mode-unsupported")]
    public void Check_EncapMode_BlocksWhatTheNodesNetworkDoesNotCarry(string config, string addresses, string expected)
    {
        var nodes = addresses.Split(' ').Select((address, i) => Node(i, address));

        var findings = AntreaConfigFindings.Check(SnapshotFixtures.Read(string.Concat(nodes)), [.. ObjectReader.Read(ConfigMap(config), "antrea.yml")]);

        Assert.That(string.Join(' ', findings.Select(f => $"{f.Severity} {f.Id}")), Is.EqualTo(expected));
    }

    [TestCase("tunnelType: gre", "10.10.0.0/24", false)]
    [TestCase("tunnelType: gre", "10.10.0.0/24, fd00:10:10::/64", true)]
    [TestCase("tunnelType: gre", "fd00:10:10::/64", true)]
    [TestCase("tunnelType: geneve", "fd00:10:10::/64", false)]
    [TestCase("tunnelType: gre\ntrafficEncapMode: noEncap", "fd00:10:10::/64", false)]
    public void Check_Gre_CarriesNoIPv6(string config, string podCidrs, bool isRefused)
    {
        var snapshot = SnapshotFixtures.Read(Node(0, "172.18.0.2/16").Replace("10.10.0.0/24", podCidrs, StringComparison.Ordinal));

        var findings = AntreaConfigFindings.Check(snapshot, [.. ObjectReader.Read(ConfigMap(config), "antrea.yml")]);

        Assert.That(findings.Any(f => f.Id == "antrea-gre-with-ipv6"), Is.EqualTo(isRefused));
    }

    [TestCase("10.10.0.0/24", null)]
    [TestCase("10.10.0.0/24, fd00:10:10::/64", "projectcalico.org/IPv6Address")]
    [TestCase("fd00:10:10::/64", "projectcalico.org/IPv6Address")]
    public void Check_NoEncap_WarnsWhereNothingTellsTheSubnetOfAFamilyThatPodsHave(string podCidrs, string? missing)
    {
        var snapshot = SnapshotFixtures.Read(Node(0, "172.18.0.2/16").Replace("10.10.0.0/24", podCidrs, StringComparison.Ordinal));

        var findings = AntreaConfigFindings.Check(snapshot, [.. ObjectReader.Read(ConfigMap("trafficEncapMode: noEncap"), "antrea.yml")]);

        Assert.That(findings.Select(f => f.Evidence), missing is null ? Is.Empty : Has.One.Contains($"Node n0 has no annotation {missing} "));
    }

    [TestCase("trafficEncapMode: noEncap", AntreaEncapMode.NoEncap, false)]
    [TestCase("#trafficEncapMode: noEncap\nnoSNAT: true", AntreaEncapMode.Encap, true)]
    [TestCase("trafficEncapMode: hybrid\n#noSNAT: true", AntreaEncapMode.Hybrid, false)]
    [TestCase("trafficEncapMode: 'noEncap'\nnoSNAT: True", AntreaEncapMode.NoEncap, true)]
    public void Model_IsOfTheClustersOwnConfiguration_AndAPlansIsOfItsManifest(string config, AntreaEncapMode mode, bool noSnat)
    {
        var (without, with) = (SnapshotFixtures.Read(Node(0, "172.18.0.2/16")), SnapshotFixtures.Read(Node(0, "172.18.0.2/16") + ConfigMap(config)));
        var manifest = ObjectReader.Read(ConfigMap(config), "antrea.yml");
        using (Assert.EnterMultipleScope())
        {
            foreach (var model in (ReachabilityModel[])
                [ReachabilityModel.FromSnapshot(with), ReachabilityModel.Planned(without, manifest), ReachabilityModel.Planned(with, [])])
            {
                Assert.That((model.AntreaEncap, model.NoSnat), Is.EqualTo((mode, noSnat)));
            }

            Assert.That(ReachabilityModel.FromSnapshot(without).AntreaEncap, Is.EqualTo(AntreaEncapMode.Encap));
        }
    }

    private static string Node(int index, string address) =>
        $$"""
        apiVersion: v1
        kind: Node
        metadata: {name: n{{index}}, annotations: { {{(address.Length == 0 ? "" : $"projectcalico.org/IPv4Address: {address}")}} } }
        spec: {podCIDRs: [10.10.{{index}}.0/24]}
        status: {addresses: [{type: InternalIP, address: 172.18.0.{{index + 2}}}]}
        ---

        """;

    private static string ConfigMap(string config) =>
        $$"""
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: antrea-config, namespace: kube-system}
        data:
          antrea-agent.conf: |
            {{config.Replace("\n", "\n    ", StringComparison.Ordinal)}}

        """;
}
