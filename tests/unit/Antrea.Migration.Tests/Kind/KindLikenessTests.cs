using Antrea.Migration.Addressing;
using Antrea.Migration.Clusters;
using Antrea.Migration.Kind;

namespace Antrea.Migration.Tests.Kind;

public class KindLikenessTests
{
    private const string ThreeNodes =
        """
        {apiVersion: v1, kind: Node, metadata: {name: a, labels: {zone: east, kubernetes.io/hostname: a} }, spec: {podCIDR: 10.10.0.0/24, podCIDRs: [10.10.0.0/24], taints: [{key: dedicated, value: db, effect: NoSchedule}, {key: node.kubernetes.io/not-ready, effect: NoSchedule}]} }
        ---
        {apiVersion: v1, kind: Node, metadata: {name: b}, spec: {podCIDR: 10.10.1.0/24, podCIDRs: [10.10.1.0/24]} }
        ---
        {apiVersion: v1, kind: Node, metadata: {name: master, labels: {node-role.kubernetes.io/control-plane: ""} }, spec: {podCIDR: 10.10.2.0/24, podCIDRs: [10.10.2.0/24]} }
        ---
        {apiVersion: crd.projectcalico.org/v1, kind: IPPool, metadata: {name: east}, spec: {cidr: 10.10.0.0/16, blockSize: 26, ipipMode: Always, natOutgoing: true, nodeSelector: kubernetes.io/hostname == 'a'} }
        ---
        {apiVersion: crd.projectcalico.org/v1, kind: IPAMBlock, metadata: {name: 10-10-1-0-26}, spec: {cidr: 10.10.1.0/26, affinity: 'host:a', allocations: [0], attributes: [{handle_id: x}], unallocated: [1]} }

        """;

    private static readonly HashSet<string> NoKinds = [];

    [Test]
    public void Nodes_get_what_the_snapshots_have_whatever_they_are_called()
    {
        var like = KindLikeness.Of(Read(ThreeNodes));
        var addresses = new KindLikenessAddresses(like, "r");

        using (Assert.EnterMultipleScope())
        {
            Assert.That(like.NodeNames, Is.EqualTo<string>(["master", "a", "b"]));
            Assert.That((like.Workers, like.PodSubnet), Is.EqualTo((2, Cidr.Parse("10.10.0.0/22"))), "no kube-proxy says more than the PodCIDRs");
            Assert.That(
                addresses.Patches().Select(p => $"{p.Node} {p.Patch.ToJsonString()}"),
                Is.EqualTo<string>(
                [
                    """r-control-plane {"metadata":{"labels":{}},"spec":{"podCIDR":"10.10.2.0/24","podCIDRs":["10.10.2.0/24"]}}""",
                    """r-worker {"metadata":{"labels":{"zone":"east"}},"spec":{"podCIDR":"10.10.0.0/24","podCIDRs":["10.10.0.0/24"]}}""",
                    """r-worker2 {"metadata":{"labels":{}},"spec":{"podCIDR":"10.10.1.0/24","podCIDRs":["10.10.1.0/24"]}}""",
                ]));
            Assert.That(addresses.Taints(), Is.EqualTo(new[] { ("r-worker", "dedicated=db:NoSchedule") }), "beside those that kind and the control plane set");
            Assert.That(like.LeftOut, Is.Empty);
        }
    }

    [Test]
    public void Pools_and_blocks_are_the_snapshots_and_the_blocks_are_empty()
    {
        var objects = new KindLikenessAddresses(KindLikeness.Of(Read(ThreeNodes)), "r").Objects().ToList();
        var ipam = Read(string.Join("\n---\n", objects.Select(o => o.Json.ToJsonString()))).CalicoIpam;

        using (Assert.EnterMultipleScope())
        {
            Assert.That(ipam.Pools.Single(), Is.EqualTo(Read(ThreeNodes).CalicoIpam.Pools.Single() with { NodeSelector = "kubernetes.io/hostname == 'r-worker'" }));
            Assert.That(
                ipam.Blocks.Select(b => $"{b.Node} {b.Cidr} {b.Allocations.Length}"),
                Is.EqualTo<string>(["r-worker 10.10.1.0/26 0", "r-control-plane 10.10.3.0/26 0", "r-worker2 10.10.3.64/26 0"]), "who has none gets one outside all PodCIDRs");
            Assert.That(ipam.Affinities.Select(a => (a.Node, a.IsConfirmed)), Is.EqualTo(new[] { ("r-worker", true), ("r-control-plane", true), ("r-worker2", true) }));
            Assert.That(objects.First(o => o.Kind == "IPAMBlock").Json["spec"]!["unallocated"]!.AsArray(), Has.Count.EqualTo(64));
        }
    }

    [Test]
    public void With_fewer_workers_the_Nodes_that_overlap_come_first()
    {
        // a's block is in b's PodCIDR: the two of them are the overlap, and there is a Node before them by name.
        var like = KindLikeness.Of(
            Read(ThreeNodes + "---\n{apiVersion: v1, kind: Node, metadata: {name: '0'}, spec: {podCIDR: 10.10.3.0/24, podCIDRs: [10.10.3.0/24]} }\n"), workers: 2);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(like.NodeNames, Is.EqualTo<string>(["master", "a", "b"]));
            Assert.That(like.LeftOut, Is.EqualTo<string>(["1 of 4 Nodes are left out, none of them with an overlap."]));
            Assert.That(
                KindLikeness.Of(Read(ThreeNodes), workers: 1).LeftOut, Is.EqualTo<string>(["1 of 3 Nodes are left out, 1 of them with an overlap."]));
        }
    }

    [Test]
    public void A_control_plane_that_nobody_has_gets_a_PodCIDR_beside_all_PodCIDRs_and_blocks()
    {
        var like = KindLikeness.Of(Read(
            ThreeNodes.Replace("node-role.kubernetes.io/control-plane", "role", StringComparison.Ordinal)
            + """
            ---
            {apiVersion: crd.projectcalico.org/v1, kind: IPAMBlock, metadata: {name: 10-10-3-64-26}, spec: {cidr: 10.10.3.64/26, affinity: 'host:b', allocations: [], attributes: [], unallocated: []} }
            ---
            {apiVersion: v1, kind: ConfigMap, metadata: {name: kubeadm-config, namespace: kube-system}, data: {ClusterConfiguration: "networking: {podSubnet: 10.10.0.0/16, serviceSubnet: 10.97.0.0/24}"} }
            """));

        using (Assert.EnterMultipleScope())
        {
            Assert.That(like.NodeNames, Is.EqualTo<string?>([null, "a", "b", "master"]));
            Assert.That(new KindLikenessAddresses(like, "r").Patches().First().Patch["spec"]!["podCIDR"]!.ToString(), Is.EqualTo("10.10.4.0/24"));
            Assert.That((like.PodSubnet, like.ServiceSubnet), Is.EqualTo((Cidr.Parse("10.10.0.0/16"), Cidr.Parse("10.97.0.0/24"))));
        }
    }

    [Test]
    public void Without_a_control_plane_and_without_a_PodCIDR_for_it_nothing_can_be_made() =>
        Assert.That(
            () => KindLikeness.Of(Read(
                """
                {apiVersion: v1, kind: Node, metadata: {name: a}, spec: {podCIDR: 10.10.0.0/24, podCIDRs: [10.10.0.0/24]} }
                ---
                {apiVersion: v1, kind: Node, metadata: {name: b}, spec: {podCIDR: 10.10.1.0/24, podCIDRs: [10.10.1.0/24]} }
                """)),
            Throws.TypeOf<MigrationException>().With.Message.Contains("10.10.0.0/23 has no PodCIDR left"));

    [Test]
    public void A_Service_range_without_room_is_refused_in_words() =>
        Assert.That(
            () => KindLikeness.Of(Read(ThreeNodes + """
                ---
                {apiVersion: v1, kind: ConfigMap, metadata: {name: kubeadm-config, namespace: kube-system}, data: {ClusterConfiguration: "networking: {podSubnet: 10.10.0.0/16, serviceSubnet: 10.97.0.0/30}"} }
                """)),
            Throws.TypeOf<MigrationException>().With.Message.Contains("from 10.97.0.0/30"));

    [Test]
    public void A_snapshot_without_PodCIDRs_of_IPv4_says_what_is_missing() =>
        Assert.That(
            () => KindLikeness.Of(Read("{apiVersion: v1, kind: Node, metadata: {name: a}, spec: {podCIDRs: ['fd00::/64']} }")),
            Throws.TypeOf<MigrationException>().With.Message.Contains("no Linux Node with an IPv4 PodCIDR"));

    [Test]
    public void Workloads_have_few_replicas_and_answer_at_their_ports()
    {
        var web = Workloads(
            """
            ---
            {apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {team: red, pod-security.kubernetes.io/enforce: restricted} } }
            ---
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: web, namespace: shop, labels: {app: web} }
            spec:
              replicas: 7
              paused: true
              selector: {matchLabels: {app: web} }
              strategy: {rollingUpdate: {maxUnavailable: 1} }
              template:
                metadata: {labels: {app: web, tier: front}, annotations: {other: x, cni.projectcalico.org/ipv4pools: '["east"]'} }
                spec:
                  serviceAccountName: seller
                  nodeSelector: {kubernetes.io/hostname: b, zone: east, node-role.kubernetes.io/worker: ''}
                  volumes: [{name: v, emptyDir: {} }]
                  containers:
                  - {name: a, image: registry/web:9, env: [{name: PASSWORD, value: x}], ports: [{name: http, containerPort: 8080}, {containerPort: 53, protocol: UDP}]}
                  - {name: b, image: registry/side:1, ports: [{name: http, containerPort: 9090}]}
            """);

        var json = web.Single(o => o.Kind == "Deployment").Json;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(web.Select(o => o.ToString()), Is.EqualTo<string>(["Namespace/default", "Namespace/shop", "ServiceAccount/shop/seller", "Deployment/shop/web"]));
            Assert.That(web[1].Json["metadata"]!["labels"]!.ToJsonString(), Is.EqualTo("""{"team":"red"}"""));
            Assert.That(
                (json["spec"]!["replicas"]!.GetValue<long>(), json["spec"]!["paused"], json["spec"]!["strategy"]!.ToJsonString()), Is.EqualTo((2L, (object?)null, """{"rollingUpdate":{"maxUnavailable":1}}""")));
            var template = json["spec"]!["template"]!;
            Assert.That(
                template["metadata"]!.ToJsonString(),
                Is.EqualTo("""{"labels":{"app":"web","tier":"front"},"annotations":{"cni.projectcalico.org/ipv4pools":"[\u0022east\u0022]"}}"""));
            Assert.That(template["spec"]!["nodeSelector"]!.ToJsonString(), Is.EqualTo("""{"kubernetes.io/hostname":"r-worker2","zone":"east"}"""));
            Assert.That(template["spec"]!["volumes"], Is.Null);
            var container = template["spec"]!["containers"]!.AsArray().Single()!;
            Assert.That(container["args"]!.ToJsonString(), Is.EqualTo("""["listen 8080;","listen 9090;"]"""));
            Assert.That(container["ports"]!.AsArray().Select(p => p!["containerPort"]!.GetValue<long>()), Is.EqualTo<long>([8080, 53, 9090]));
            Assert.That(container["ports"]!.AsArray().Select(p => p!["name"]?.ToString()), Is.EqualTo<string?>(["http", null, null]), "a name is one port's");
            Assert.That((container["image"]!.ToString(), container["env"]), Is.EqualTo(("stand-in:1", (object?)null)));
        }
    }

    [Test]
    public void Services_keep_their_address_where_the_snapshot_says_where_addresses_are_from()
    {
        const string Service =
            """
            ---
            {apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}, spec: {type: NodePort, clusterIP: 10.97.0.9, selector: {app: web}, ports: [{port: 80, targetPort: http, nodePort: 30080}]} }

            """;
        const string Range =
            """
            ---
            {apiVersion: v1, kind: ConfigMap, metadata: {name: kubeadm-config, namespace: kube-system}, data: {ClusterConfiguration: "networking: {podSubnet: 10.10.0.0/16, serviceSubnet: 10.97.0.0/24}"} }
            """;

        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                Workloads(Service + Range)[^1].Json["spec"]!.ToJsonString(),
                Is.EqualTo("""{"selector":{"app":"web"},"ports":[{"port":80,"targetPort":"http"}],"clusterIP":"10.97.0.9"}"""));
            Assert.That(Workloads(Service)[^1].Json["spec"]!["clusterIP"], Is.Null);
        }
    }

    [Test]
    public void Policies_are_the_snapshots_word_for_word_where_this_Calico_has_the_kind()
    {
        const string Policies =
            """
            ---
            {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: deny, namespace: shop, resourceVersion: '7'}, spec: {podSelector: {} } }
            ---
            {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: theirs, namespace: kube-system}, spec: {podSelector: {} } }
            ---
            {apiVersion: crd.projectcalico.org/v1, kind: GlobalNetworkPolicy, metadata: {name: default.all}, spec: {selector: all(), order: 10} }
            ---
            {apiVersion: crd.projectcalico.org/v1, kind: Tier, metadata: {name: ops}, spec: {order: 5} }
            """;
        var like = KindLikeness.Of(Read(ThreeNodes + Policies));
        var workloads = new KindLikenessWorkloads(like, new KindLikenessAddresses(like, "r"), "stand-in:1");
        HashSet<string> kinds = ["GlobalNetworkPolicy"];

        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                workloads.Objects(kinds).Where(o => o.Kind.EndsWith("Policy", StringComparison.Ordinal)).Select(o => o.Json.ToJsonString()),
                Is.EqualTo<string>(
                [
                    """{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"deny","labels":{},"namespace":"shop"},"spec":{"podSelector":{}}}""",
                    """{"apiVersion":"crd.projectcalico.org/v1","kind":"GlobalNetworkPolicy","metadata":{"name":"default.all","labels":{}},"spec":{"selector":"all()","order":10}}""",
                ]));
            Assert.That(workloads.PoliciesWithout(kinds).Select(o => o.ToString()), Is.EqualTo<string>(["Tier/ops"]));
        }
    }

    [Test]
    public void What_a_rehearsal_cannot_show_is_said() =>
        Assert.That(
            KindLikeness.Of(Read(
                ThreeNodes
                + """
                ---
                {apiVersion: v1, kind: Pod, metadata: {name: bare, namespace: shop}, spec: {nodeName: a}, status: {phase: Running, podIP: 10.10.1.2} }
                ---
                {apiVersion: apps/v1, kind: DaemonSet, metadata: {name: host, namespace: shop}, spec: {template: {spec: {hostNetwork: true} } } }
                ---
                {apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: p, namespace: shop}, spec: {minAvailable: 3} }
                ---
                {apiVersion: crd.projectcalico.org/v1, kind: IPPool, metadata: {name: six}, spec: {cidr: 'fd00::/48'} }
                ---
                {apiVersion: crd.projectcalico.org/v1, kind: IPAMBlock, metadata: {name: 10-10-9-0-26}, spec: {cidr: 10.10.9.0/26, allocations: [], attributes: [], unallocated: []} }
                """)).LeftOut,
            Is.EqualTo<string>(
            [
                "Addresses of IPv6 are left out.",
                "1 blocks without a Node's affinity are left out.",
                "1 Pods of kind Pod are left out.",
                "1 workloads on the Nodes' network are left out.",
                "PodDisruptionBudgets are left out: they count replicas that the rehearsal has fewer of.",
            ]));

    private static ClusterSnapshot Read(string yaml) => SnapshotFixtures.Read(yaml);

    private static List<ClusterObject> Workloads(string yaml)
    {
        var like = KindLikeness.Of(Read(ThreeNodes + yaml));
        return [.. new KindLikenessWorkloads(like, new KindLikenessAddresses(like, "r"), "stand-in:1").Objects(NoKinds)];
    }
}
