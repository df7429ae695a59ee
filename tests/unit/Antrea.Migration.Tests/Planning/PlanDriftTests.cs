using System.Collections.Immutable;
using Antrea.Migration.Execution;
using Antrea.Migration.Planning;

namespace Antrea.Migration.Tests.Planning;

/// <summary>What a plan shows must still be true when it is begun; what changes by itself must not stand in its way.</summary>
public sealed class PlanDriftTests
{
    private const string Installation = "---\napiVersion: operator.tigera.io/v1\nkind: Installation\nmetadata: {name: default}\nspec: {calicoNetwork: {nodeAddressAutodetectionV4: {firstFound: true}}}\n";

    /// <summary>A block of Node b's in Node a's PodCIDR, so that its Pods must move first.</summary>
    private static readonly string Clash = Block("10.10.0.64/26");

    private static readonly string Cluster = PolicyPredictionTests.Cluster + PolicyPredictionTests.Friends + Installation + Clash;

    private static readonly MigrationOptions Options = new() { Bridge = BridgeKind.PolicyRoute, AntreaVersion = "v2.7.0", PolicyMode = PolicyMode.Strict };

    [TestCase("ipipMode: Always", "ipipMode: CrossSubnet", "crd.projectcalico.org/IPPool", TestName = "A_changed_pool")]
    [TestCase("defaultEndpointToHostAction: Accept", "defaultEndpointToHostAction: Drop", "crd.projectcalico.org/FelixConfiguration", TestName = "A_changed_FelixConfiguration")]
    [TestCase("firstFound: true", "interface: eth1", "operator.tigera.io/Installation", TestName = "A_changed_Installation")]
    [TestCase("labels: {app: friend}", "labels: {app: stranger}", "what policies decide otherwise for a while", TestName = "A_label_by_which_policies_decide_otherwise")]
    [TestCase("ports: [{port: 80}]}]}", "ports: [{port: 81}]}]}", "networking.k8s.io/NetworkPolicy", TestName = "A_changed_policy")]
    [TestCase("cidrs: [10.96.0.0/16]", "cidrs: [10.97.0.0/16]", "Service CIDRs", TestName = "Another_Service_range")]
    [TestCase("podCIDR: 10.10.1.0/24", "podCIDR: 10.10.2.0/24", "Nodes and their PodCIDRs: b", TestName = "Another_PodCIDR")]
    public void Is_refused_by_its_name(string before, string after, string name)
    {
        var now = Cluster.Replace(before, after, StringComparison.Ordinal);
        Assert.That(now, Is.Not.EqualTo(Cluster));

        Assert.That(() => Begin(Plan(Cluster), now), Throws.TypeOf<MigrationException>().With.Message.StartsWith("The cluster has changed since plan ").And.Message.Contains(name));
    }

    [Test]
    public void A_further_clash_is_refused_as_other_ranges_to_be_given_up()
    {
        var plan = Plan(Cluster);
        Assert.That(plan.Inputs.Keys, Does.Contain("readdressing"));

        Assert.That(
            () => Begin(plan, Cluster + Block("10.10.1.64/26")),
            Throws.TypeOf<MigrationException>().With.Message.StartsWith($"The cluster has changed since plan {plan.Id} was made (").And.Message.Contains("readdressing"));
    }

    [Test]
    public void A_Node_that_joined_is_refused_by_its_name() => Assert.That(
        () => Begin(Plan(Cluster), Cluster + "---\napiVersion: v1\nkind: Node\nmetadata: {name: late}\nspec: {podCIDR: 10.10.7.0/24}\n"),
        Throws.TypeOf<MigrationException>().With.Message.Contains("Nodes and their PodCIDRs: late"));

    [Test]
    public void Another_limit_to_missing_Pods_is_refused_as_an_option()
    {
        var plan = Plan(Cluster);

        Assert.That(
            () => Begin(plan, Cluster, Options with { MaxUnavailable = 2 }),
            Throws.TypeOf<MigrationException>().With.Message.StartsWith($"Plan {plan.Id} was made with another --max-unavailable; ").And.Property("Next").StartsWith("Give the options"));
    }

    /// <summary>Pods come and go, Calico's own programs write, and none of it makes the plan untrue.</summary>
    [TestCase("name: friend-a,", "name: friend-a-7f9c,", TestName = "Another_name_of_a_Pod")]
    [TestCase("podIP: 10.10.200.7}", "podIP: 10.10.200.9}", TestName = "Another_address_of_a_Pod")]
    [TestCase("calicoVersion: v3.26.1}", "calicoVersion: v3.26.1, datastoreReady: true}", TestName = "What_Calico_writes_of_itself")]
    public void Is_no_drift(string before, string after)
    {
        var now = Cluster.Replace(before, after, StringComparison.Ordinal);
        Assert.That(now, Is.Not.EqualTo(Cluster));

        Assert.That(Plan(now).Inputs, Is.EqualTo(Plan(Cluster).Inputs));
    }

    /// <summary>A CronJob's next Job has another name, and is among those whom policies decide otherwise about.</summary>
    [Test]
    public void Another_workload_of_equal_labels_is_no_drift()
    {
        const string job =
            "---\napiVersion: v1\nkind: Pod\nmetadata: {name: nightly-1-x, namespace: shop, labels: {app: friend}, ownerReferences: [{apiVersion: batch/v1, kind: Job, name: nightly-1, uid: u, controller: true}]}\n"
            + "spec: {nodeName: a, containers: [{name: main}]}\nstatus: {phase: Running, podIP: 10.10.200.8}\n";
        var (before, now) = (Plan(Cluster), Plan(Cluster + job));

        Assert.That(Told(now), Is.Not.EqualTo(Told(before)), "the plan names the Job");
        Assert.That(PlanFingerprint.Drift(before, now), Is.Empty);

        static IEnumerable<string> Told(MigrationPlan plan) => plan.Findings.Where(f => f.Id == "policy-denies-while-mixed").Select(f => f.Evidence);
    }

    [Test]
    public void A_plan_from_before_parts_were_kept_is_refused_as_such() => Assert.That(
        () => Begin(Plan(Cluster) with { Fingerprint = "old", Inputs = ImmutableSortedDictionary<string, string>.Empty }, Cluster),
        Throws.TypeOf<MigrationException>().With.Message.Contains("is of an earlier version of this program"));

    [Test]
    public void Inputs_survive_the_saved_form()
    {
        var plan = Plan(Cluster);

        Assert.That(PlanJson.Parse(PlanJson.Format(plan), "test").Inputs, Is.EqualTo(plan.Inputs));
    }

    private static MigrationPlan Plan(string cluster, MigrationOptions? options = null) => MigrationPlanner.Plan(SnapshotFixtures.Read(cluster), options ?? Options);

    private static void Begin(MigrationPlan plan, string cluster, MigrationOptions? options = null) => JournalOpening.RequireUnchanged(plan, Plan(cluster, options));

    private static string Block(string cidr) =>
        $"---\napiVersion: crd.projectcalico.org/v1\nkind: IPAMBlock\nmetadata: {{name: {cidr.Replace('.', '-').Replace('/', '-')}}}\n"
        + $"spec: {{cidr: {cidr}, affinity: \"host:b\", allocations: [], attributes: [], unallocated: []}}\n";
}
