using System.Text.Json.Nodes;
using Antrea.Migration.IntegrationTests.Nodes;
using Antrea.Migration.Lab;
using Antrea.Migration.Lab.Cni;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Lab.Fabric;
using Antrea.Migration.Policies.Conversion;

namespace Antrea.Migration.IntegrationTests.Policies;

/// <summary>Policies while both networks are in use: Antrea's at its ports, Calico's at its veths, each with its own view of addresses.</summary>
public sealed class AntreaEnforcementTests
{
    [Test]
    [CancelAfter(180_000)]
    public async Task Converted_policies_hold_for_Antrea_Pods_once_they_are_Realized(CancellationToken cancellationToken)
    {
        await using var cluster = await LabCluster.StartAsync(new LabClusterOptions { Workers = 3 }, cancellationToken);
        var conversion = PolicyConverter.Convert(await cluster.ReadAsync(cancellationToken), new PolicyConversionOptions());
        await cluster.InstallAntreaAsync(cancellationToken);
        var server = await cluster.ReplaceAsync(cluster.PodOn("nginx-ds", "worker2"), cancellationToken);
        var client = await cluster.StartPodAsync("visitor", "visitor", "worker3", cancellationToken);
        var before = cluster.Trace(client, server, 9090);

        cluster.Apply(conversion.Objects);
        await cluster.SettledAsync(cancellationToken);
        var allowed = cluster.Trace(client, server, 80);
        var denied = cluster.Trace(client, server, 9090);
        var fromOtherNode = cluster.Network.Trace($"{cluster.Name}-worker3", server.Address(), 9090);
        var fromOwnNode = cluster.Network.Trace($"{cluster.Name}-worker2", server.Address(), 9090);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(before.Outcome, Is.EqualTo(ConnectionOutcome.Delivered), before.ToString());
            Assert.That(allowed.Outcome, Is.EqualTo(ConnectionOutcome.Delivered), allowed.ToString());
            Assert.That(
                allowed.Path.Select(h => h.What).Where(w => w.StartsWith("ingress policy of default/nginx-ds-", StringComparison.Ordinal)),
                Has.Exactly(1).Contains("nginx-http").And.Exactly(1).EndsWith("allows"));
            Assert.That(denied.Outcome, Is.EqualTo(ConnectionOutcome.TimedOut), denied.ToString());
            Assert.That(denied.Reason, Does.Contain("calicoend-default").And.Contains("drops"));
            Assert.That(fromOtherNode.Outcome, Is.EqualTo(ConnectionOutcome.TimedOut), fromOtherNode.ToString());
            Assert.That(fromOwnNode.Outcome, Is.EqualTo(ConnectionOutcome.Delivered), fromOwnNode.ToString());
            Assert.That(
                cluster.Store.PeekAll(CniKinds.AntreaClusterNetworkPolicy).Concat(cluster.Store.PeekAll(CniKinds.AntreaNetworkPolicy))
                    .Select(p => (p.Text("status", "phase"), Nodes(p, "desired"), Nodes(p, "current"))),
                Is.EquivalentTo(new[] { ("Realized", 3L, 3L), ("Realized", 3L, 3L), ("Realized", 1L, 1L) }),
                "nginx's rule and its isolation on three workers, the client's isolation on one");
        }

        static long? Nodes(JsonObject policy, string which) => policy.Number("status", $"{which}NodesRealized");
    }

    /// <summary>The real effect while both networks are in use: Antrea masquerades what its Pods send to Calico addresses on
    /// other Nodes, so Calico's rules about Pods miss it; on the same Node they see it before it is masqueraded.</summary>
    [Test]
    [CancelAfter(180_000)]
    public async Task Calicos_selectors_do_not_match_masqueraded_Antrea_Pods_of_other_Nodes(CancellationToken cancellationToken)
    {
        await using var cluster = await LabCluster.StartAsync(
            new LabClusterOptions
            {
                Workers = 3,
                Policies = false,
                ExtraObjects =
                    """
                    apiVersion: crd.projectcalico.org/v1
                    kind: GlobalNetworkPolicy
                    metadata: {name: default.friends-only}
                    spec:
                      order: 10
                      selector: app == 'choosy'
                      types: [Ingress]
                      ingress: [{action: Allow, source: {selector: app == 'friend'} }]
                    ---
                    apiVersion: crd.projectcalico.org/v1
                    kind: GlobalNetworkPolicy
                    metadata: {name: default.all-but-friends}
                    spec:
                      order: 20
                      selector: app == 'shy'
                      types: [Ingress]
                      ingress: [{action: Deny, source: {selector: app == 'friend'} }, {action: Allow}]
                    """,
            },
            cancellationToken);
        var choosy = await cluster.StartPodAsync("choosy", "choosy", "worker2", cancellationToken);
        var shy = await cluster.StartPodAsync("shy", "shy", "worker2", cancellationToken);
        var calico = await cluster.StartPodAsync("calico-friend", "friend", "worker3", cancellationToken);
        await cluster.InstallAntreaAsync(cancellationToken);
        var here = await cluster.StartPodAsync("antrea-friend-here", "friend", "worker2", cancellationToken);
        var there = await cluster.StartPodAsync("antrea-friend-there", "friend", "worker3", cancellationToken);
        var tunnel = cluster.Node("worker3").Host.State.Device(HostDeviceKind.IpipTunnel)!.Addresses.Single().Address;

        using (Assert.EnterMultipleScope())
        {
            Assert.That(cluster.Trace(calico, choosy, 80).Outcome, Is.EqualTo(ConnectionOutcome.Delivered));
            Assert.That(cluster.Trace(here, choosy, 80).Outcome, Is.EqualTo(ConnectionOutcome.Delivered));
            var refused = cluster.Trace(there, choosy, 80);
            Assert.That(refused.Outcome, Is.EqualTo(ConnectionOutcome.TimedOut), "what is allowed is refused");
            Assert.That(refused.Reason, Does.Contain("end of tier default"));

            Assert.That(cluster.Trace(calico, shy, 80).Outcome, Is.EqualTo(ConnectionOutcome.TimedOut));
            Assert.That(cluster.Trace(here, shy, 80).Outcome, Is.EqualTo(ConnectionOutcome.TimedOut));
            var slipped = cluster.Trace(there, shy, 80);
            Assert.That(slipped.Outcome, Is.EqualTo(ConnectionOutcome.Delivered), "what is denied gets through");
            Assert.That(slipped.SourceSeen, Is.EqualTo(tunnel));
        }
    }

    [Test]
    [CancelAfter(180_000)]
    public async Task Antreas_selectors_know_a_Multus_Pod_by_its_Calico_address_only(CancellationToken cancellationToken)
    {
        await using var cluster = await LabCluster.StartAsync(
            new LabClusterOptions { Workers = 3, Workloads = false }, cancellationToken);
        await cluster.InstallMultusAsync(cancellationToken);
        await cluster.InstallAntreaAsync(cancellationToken);
        cluster.WriteMultusConf();
        var multus = await cluster.StartPodAsync("bridged", "friend", "worker3", cancellationToken);
        cluster.RemoveMultusConf();
        var server = await cluster.StartPodAsync("server", "server", "worker2", cancellationToken);
        var antrea = await cluster.StartPodAsync("plain", "friend", "worker3", cancellationToken);
        var stranger = await cluster.StartPodAsync("stranger", "stranger", "worker3", cancellationToken);
        var before = cluster.Trace(multus, server, 80);
        cluster.Apply(FriendsOnly("Reject"));

        var after = cluster.Trace(multus, server, 80);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(before.Outcome, Is.EqualTo(ConnectionOutcome.Delivered), before.ToString());
            Assert.That(before.SourceSeen, Is.Not.EqualTo(multus.Address()), "it goes by net1");
            Assert.That(after.Outcome, Is.EqualTo(ConnectionOutcome.Refused), after.ToString());
            Assert.That(cluster.Trace(antrea, server, 80).Outcome, Is.EqualTo(ConnectionOutcome.Delivered));
            Assert.That(cluster.Trace(stranger, server, 80).Outcome, Is.EqualTo(ConnectionOutcome.Refused));
        }
    }

    [Test]
    [CancelAfter(180_000)]
    public async Task An_Antrea_policy_that_cannot_be_modelled_is_Failed_and_fails_the_lab_by_name(CancellationToken cancellationToken)
    {
        var cluster = await LabCluster.StartAsync(new LabClusterOptions { Workers = 2, Workloads = false }, cancellationToken);
        await cluster.InstallAntreaAsync(cancellationToken);
        cluster.Apply(FriendsOnly("Drop"));
        cluster.Apply(
            """
            apiVersion: crd.antrea.io/v1beta1
            kind: ClusterNetworkPolicy
            metadata: {name: by-name}
            spec:
              priority: 6
              appliedTo: [{podSelector: {matchLabels: {app: server} } }]
              egress: [{name: out, action: Drop, to: [{fqdn: example.org}] }]
            ---
            apiVersion: crd.antrea.io/v1beta1
            kind: ClusterNetworkPolicy
            metadata: {name: by-wildcard}
            spec: {priority: 7, appliedTo: [{podSelector: {matchLabels: {app: server} } }], egress: [{name: out, action: Allow, to: [{fqdn: "*.example.org"}] }]}
            """);
        var server = await cluster.StartPodAsync("server", "server", "worker2", cancellationToken);
        var stranger = await cluster.StartPodAsync("stranger", "stranger", "worker", cancellationToken);
        await cluster.SettledAsync(cancellationToken);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(cluster.Trace(stranger, server, 80).Outcome, Is.EqualTo(ConnectionOutcome.TimedOut), "the other one is in force");
            Assert.That(Phase("friends-only"), Is.EqualTo("Realized"));
            Assert.That(Phase("by-name"), Is.EqualTo("Failed"));
            Assert.That(Phase("by-wildcard"), Is.EqualTo("Failed"));
            Assert.That(
                cluster.Fleet.Failures.Select(f => f.Message),
                Has.Exactly(2).Items.And.Exactly(1).Contains("by-name").And.Some.Contains("fqdn").And.Exactly(1).Contains("by-wildcard"));
            Assert.That(async () => await cluster.DisposeAsync(), Throws.InstanceOf<AggregateException>());
        }

        string? Phase(string name) => cluster.Store.Peek(CniKinds.AntreaClusterNetworkPolicy, "", name).Text("status", "phase");
    }

    private static string FriendsOnly(string otherwise) =>
        $$"""
        apiVersion: crd.antrea.io/v1beta1
        kind: ClusterNetworkPolicy
        metadata: {name: friends-only}
        spec:
          priority: 5
          appliedTo: [{podSelector: {matchLabels: {app: server} } }]
          ingress:
          - {name: friends, action: Allow, from: [{podSelector: {matchLabels: {app: friend} } }] }
          - {name: others, action: {{otherwise}} }
        """;
}
