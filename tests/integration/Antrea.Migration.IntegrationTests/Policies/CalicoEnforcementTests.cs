using System.Text.Json.Nodes;
using Antrea.Migration.IntegrationTests.Nodes;
using Antrea.Migration.Lab;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Lab.Fabric;
using Antrea.Migration.Lab.Nodes;
using Antrea.Migration.Lab.Policies;
using Antrea.Migration.Policies.Conversion;
using Antrea.Migration.Policies.Verification;

namespace Antrea.Migration.IntegrationTests.Policies;

/// <summary>Calico's policies in the lab: what felix lets through to Calico Pods.</summary>
public sealed class CalicoEnforcementTests
{
    private const string NginxRule = "tier default / GlobalNetworkPolicy nginx-http ingress rule 1 allows";

    [Test]
    [CancelAfter(180_000)]
    public async Task Nginx_is_open_on_port_80_and_closed_on_9090_by_its_policy(CancellationToken cancellationToken)
    {
        await using var cluster = await LabCluster.StartAsync(new LabClusterOptions { Workers = 4 }, cancellationToken);
        await using var open = await LabCluster.StartAsync(new LabClusterOptions { Workers = 2, Policies = false }, cancellationToken);
        var client = cluster.Pod("client");
        var here = cluster.PodOn("nginx-ds", client.Text("spec", "nodeName")![(cluster.Name.Length + 1)..]);
        var there = cluster.PodOn("nginx-ds", cluster.WorkerWithout(client));

        using (Assert.EnterMultipleScope())
        {
            foreach (var server in new[] { here, there })
            {
                var allowed = cluster.Trace(client, server, 80);
                var denied = cluster.Trace(client, server, 9090);
                Assert.That(allowed.Outcome, Is.EqualTo(ConnectionOutcome.Delivered), allowed.ToString());
                Assert.That(allowed.Path.Select(h => h.What), Has.Exactly(1).EndsWith(NginxRule));
                Assert.That(denied.Outcome, Is.EqualTo(ConnectionOutcome.TimedOut), denied.ToString());
                Assert.That(denied.Reason, Does.Contain($"ingress policy of default/{server.NameOf()}: end of tier default drops"));
            }

            Assert.That(cluster.Trace(there, client, 80).Outcome, Is.EqualTo(ConnectionOutcome.TimedOut), "the client takes nothing");
            Assert.That(open.Trace(open.Pod("client"), open.PodOn("nginx-ds", "worker2"), 9090).Outcome, Is.EqualTo(ConnectionOutcome.Delivered));
            Assert.That(open.Trace(open.PodOn("nginx-ds", "worker2"), open.Pod("client"), 80).Outcome, Is.EqualTo(ConnectionOutcome.Refused));
        }
    }

    [Test]
    [CancelAfter(180_000)]
    public async Task Kubelets_reach_their_own_Pods_and_no_others(CancellationToken cancellationToken)
    {
        await using var cluster = await LabCluster.StartAsync(new LabClusterOptions { Workers = 3 }, cancellationToken);
        cluster.Apply(
            """
            apiVersion: crd.projectcalico.org/v1
            kind: GlobalNetworkPolicy
            metadata: {name: default.closed}
            spec: {order: 1, selector: all(), types: [Ingress], ingress: [{action: Deny}]}
            """);

        var replaced = await cluster.ReplaceAsync(cluster.PodOn("nginx-ds", "worker2"), cancellationToken);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(replaced.ConditionIsTrue("Ready"), Is.True);
            Assert.That(From("worker2"), Is.EqualTo(ConnectionOutcome.Delivered));
            Assert.That(From("worker3"), Is.EqualTo(ConnectionOutcome.TimedOut));
        }

        ConnectionOutcome From(string node) => cluster.Network.Trace($"{cluster.Name}-{node}", replaced.Address(), 80).Outcome;
    }

    [Test]
    [CancelAfter(180_000)]
    public async Task Changes_of_policies_and_labels_count_for_the_next_connection(CancellationToken cancellationToken)
    {
        await using var cluster = await LabCluster.StartAsync(new LabClusterOptions { Workers = 3 }, cancellationToken);
        var client = cluster.Pod("client");
        var server = cluster.PodOn("nginx-ds", "worker2");
        var kubernetes = new ResourceType("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", true);

        var outcomes = new List<ConnectionOutcome> { cluster.Trace(client, server, 9090).Outcome };
        cluster.Store.Delete(PolicySteps.GlobalNetworkPolicy, "", "default.nginx-http");
        outcomes.Add(cluster.Trace(client, server, 9090).Outcome);
        cluster.Apply(
            """
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: {name: only-friends, namespace: default}
            spec:
              podSelector: {matchLabels: {app: nginx-ds} }
              policyTypes: [Ingress]
              ingress: [{from: [{podSelector: {matchLabels: {friend: "yes"} } }] }]
            """);
        outcomes.Add(cluster.Trace(client, server, 9090).Outcome);
        cluster.Store.Mutate(ResourceType.Pod, "default", client.NameOf(), pod =>
        {
            pod.Ensure("metadata").Ensure("labels")["friend"] = "yes";
            return true;
        });
        outcomes.Add(cluster.Trace(client, server, 9090).Outcome);
        cluster.Store.Delete(kubernetes, "default", "only-friends");
        outcomes.Add(cluster.Trace(client, server, 9090).Outcome);

        Assert.That(outcomes, Is.EqualTo(new[]
        {
            ConnectionOutcome.TimedOut, ConnectionOutcome.Delivered, ConnectionOutcome.TimedOut, ConnectionOutcome.Delivered,
            ConnectionOutcome.Delivered,
        }));
    }

    [Test]
    [CancelAfter(180_000)]
    public async Task Only_what_policies_look_at_has_them_compiled_anew(CancellationToken cancellationToken)
    {
        await using var cluster = await LabCluster.StartAsync(new LabClusterOptions { Workers = 2 }, cancellationToken);
        var book = cluster.Fleet.Services.Policies.Calico;
        var pod = cluster.PodOn("nginx-ds", "worker2");

        var first = book.Current;
        Change(p => p.Ensure("metadata").Ensure("annotations")["note"] = "nobody asks");
        Change(p => p.Ensure("status").SetCondition("Ready", false, "", "", cluster.Store.Now));
        var second = book.Current;
        Change(p => p.Ensure("metadata").Ensure("labels")["note"] = "somebody-may-ask");
        var third = book.Current;

        using (Assert.EnterMultipleScope())
        {
            Assert.That(second, Is.SameAs(first));
            Assert.That(third, Is.Not.SameAs(first));
            Assert.That(cluster.Fleet.Services.Policies.Antrea.Latest, Is.SameAs(PolicyTable.Empty), "no agent of Antrea's runs");
        }

        void Change(Action<JsonObject> change) => cluster.Store.Mutate(ResourceType.Pod, "default", pod.NameOf(), p =>
        {
            change(p);
            return true;
        });
    }

    [Test]
    [CancelAfter(180_000)]
    public async Task What_felix_left_stays_in_force_until_it_is_cleaned_up(CancellationToken cancellationToken)
    {
        await using var cluster = await LabCluster.StartAsync(new LabClusterOptions { Workers = 2 }, cancellationToken);
        var client = await cluster.StartPodAsync("here", "other", "worker2", cancellationToken);
        var server = cluster.PodOn("nginx-ds", "worker2");
        var felix = (PolicyEnforcer)cluster.Node("worker2").Host.State.VethPolicy!;

        cluster.Store.Delete(ResourceType.DaemonSet, "kube-system", "calico-node");
        while (felix.Frozen is null)
        {
            // Pods of grace period 0 are gone from the API before their processes end.
            cancellationToken.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        cluster.Store.Delete(PolicySteps.GlobalNetworkPolicy, "", "default.nginx-http");
        var left = cluster.Trace(client, server, 9090);
        CalicoLeftovers.Clean(cluster.Node("worker2"), []);
        var cleaned = cluster.Trace(client, server, 9090);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(left.Outcome, Is.EqualTo(ConnectionOutcome.TimedOut), left.ToString());
            Assert.That(cleaned.Outcome, Is.EqualTo(ConnectionOutcome.Delivered), cleaned.ToString());
        }
    }

    [Test]
    [CancelAfter(180_000)]
    public async Task A_policy_that_cannot_be_modelled_fails_the_lab_by_name_and_disarms_no_other(CancellationToken cancellationToken)
    {
        var cluster = await LabCluster.StartAsync(
            new LabClusterOptions
            {
                Workers = 2,
                ExtraObjects =
                    """
                    apiVersion: crd.projectcalico.org/v1
                    kind: GlobalNetworkPolicy
                    metadata: {name: default.negated}
                    spec: {order: 5, selector: app == 'nginx-ds', types: [Ingress], ingress: [{action: Allow, protocol: ICMP, notICMP: {type: 8, code: 0} }]}
                    """,
            },
            cancellationToken);

        var denied = cluster.Trace(cluster.Pod("client"), cluster.PodOn("nginx-ds", "worker2"), 9090).Outcome;

        using (Assert.EnterMultipleScope())
        {
            Assert.That(denied, Is.EqualTo(ConnectionOutcome.TimedOut));
            Assert.That(cluster.Store.Peek(PolicySteps.GlobalNetworkPolicy, "", "default.negated"), Is.Not.Null);
            Assert.That(cluster.Fleet.Failures.Select(f => f.Message), Has.Exactly(1).Contains("negated").And.Contains("notICMP"));
            Assert.That(async () => await cluster.DisposeAsync(), Throws.InstanceOf<AggregateException>());
        }
    }

    [Test]
    [CancelAfter(180_000)]
    public async Task The_labs_own_policies_convert_exactly_and_are_proven_equal(CancellationToken cancellationToken)
    {
        await using var cluster = await LabCluster.StartAsync(new LabClusterOptions { Workers = 2 }, cancellationToken);
        var snapshot = await cluster.ReadAsync(cancellationToken);
        var options = new PolicyConversionOptions();

        var conversion = PolicyConverter.Convert(snapshot, options);
        var proof = PolicyVerifier.Verify(snapshot, conversion.Objects, options, cancellationToken);
        var without = PolicyVerifier.Verify(snapshot, [], options, cancellationToken);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                conversion.Policies.Select(p => (p.ToString(), p.Fidelity)),
                Is.EqualTo(new[]
                {
                    ("GlobalNetworkPolicy/nginx-http", Fidelity.Exact), ("NetworkPolicy/default/client-closed", Fidelity.Exact),
                }));
            Assert.That(conversion.HasRefusals, Is.False);
            Assert.That(proof.Verdict, Is.EqualTo(ProofVerdict.Equal), proof.CounterExample?.ToString() ?? proof.Reason);
            Assert.That(without.Verdict, Is.EqualTo(ProofVerdict.Different));
        }
    }
}
