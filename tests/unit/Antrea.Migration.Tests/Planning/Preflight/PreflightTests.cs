using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;
using Antrea.Migration.Planning;

namespace Antrea.Migration.Tests.Planning;

[TestFixture]
internal sealed class PreflightTests
{
    /// <summary>A cluster with nothing to say against it: what a case adds or changes is all that can be found.</summary>
    private const string Healthy = """
        apiVersion: v1
        kind: Node
        metadata: {name: w1}
        spec: {podCIDR: 10.10.0.0/24}
        status:
          conditions: [{type: Ready, status: "True"}]
          nodeInfo: {containerRuntimeVersion: containerd://1.7.1, operatingSystem: linux}
        ---
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: {name: calico-node, namespace: kube-system}
        spec:
          template:
            spec:
              hostNetwork: true
              containers:
              - name: calico-node
                image: docker.io/calico/node:v3.26.1
                env:
                - {name: DATASTORE_TYPE, value: kubernetes}
                - {name: IP, value: autodetect}
                - {name: IP_AUTODETECTION_METHOD, value: kubernetes-internal-ip}
        status: {desiredNumberScheduled: 1, numberReady: 1}
        ---
        apiVersion: crd.projectcalico.org/v1
        kind: IPPool
        metadata: {name: pool}
        spec: {cidr: 10.244.0.0/16, ipipMode: Always, natOutgoing: true}
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: kube-proxy, namespace: kube-system}
        data: {config.conf: "{mode: iptables, clusterCIDR: 10.10.0.0/16}"}
        ---
        apiVersion: networking.k8s.io/v1
        kind: ServiceCIDR
        metadata: {name: kubernetes}
        spec: {cidrs: [10.96.0.0/16]}
        ---
        apiVersion: v1
        kind: Pod
        metadata:
          name: web-1
          namespace: shop
          labels: {app: web}
          ownerReferences: [{kind: ReplicaSet, name: web, controller: true}]
        spec: {nodeName: w1, containers: [{name: c, image: nginx}]}
        status: {phase: Running, podIP: 10.244.0.1, conditions: [{type: Ready, status: "True"}]}

        """;

    private static readonly PreflightOptions Newest = new() { AntreaVersion = "v2.7.0" };

    [Test]
    public void Check_HealthyCluster_OnlyNotesHowCalicoWasInstalled() =>
        Assert.That(
            Preflight.Check(SnapshotFixtures.Read(Healthy), Newest).Select(f => (f.Id, f.Severity)),
            Is.EqualTo(new[] { ("calico-installed-by-manifest", Severity.Info) }));

    [TestCaseSource(nameof(Additions))]
    public void Check_SomethingMore_IsFound(string addition, Expected[] expected) => Check(Healthy + addition, expected);

    [TestCaseSource(nameof(Changes))]
    public void Check_SomethingElse_IsFound(string from, string to, Expected[] expected)
    {
        Assert.That(Healthy, Does.Contain(from), "the case changes nothing");
        Check(Healthy.Replace(from, to), expected);
    }

    [TestCase("", "antrea-version-unknown")]
    [TestCase("latest", "antrea-version-unreadable")]
    [TestCase("v1.13.2", "antrea-version-untested", "antrea-without-route-steering")]
    [TestCase("v1.14.0", "antrea-without-route-steering")]
    [TestCase("v1.15.0", "antrea-releases-bridged-addresses", "antrea-without-route-steering")]
    [TestCase("v2.3.1", "antrea-releases-bridged-addresses", "antrea-without-route-steering")]
    [TestCase("v2.4.0", "antrea-releases-bridged-addresses")]
    [TestCase("v2.5.2", "antrea-releases-bridged-addresses")]
    [TestCase("v2.5.3")]
    [TestCase("v2.6.2", "antrea-releases-bridged-addresses")]
    [TestCase("2.6.3")]
    [TestCase("v2.7.0-rc.1")]
    [TestCase("v3.0.0")]
    public void Check_AntreaVersion_IsJudgedByItsKnownDefects(string version, params string[] ids) =>
        Assert.That(
            Preflight.Check(SnapshotFixtures.Read(Healthy), new PreflightOptions { AntreaVersion = version })
                .Select(f => f.Id)
                .Where(i => i.StartsWith("antrea-", StringComparison.Ordinal)),
            Is.EquivalentTo(ids));

    [TestCase(null, Severity.Warning, 2)]
    [TestCase(BridgeKind.Auto, Severity.Warning, 2)]
    [TestCase(BridgeKind.Multus, Severity.Blocker, 2)]
    [TestCase(BridgeKind.PolicyRoute, Severity.Blocker, 0)]
    [TestCase(BridgeKind.Pool, Severity.Blocker, 0)]
    public void Check_AntreaVersionThatCannotBridge_BlocksMultusOnly(BridgeKind? bridge, Severity severity, int count)
    {
        var found = Preflight.Check(SnapshotFixtures.Read(Healthy), new PreflightOptions { AntreaVersion = "v2.3.1", Bridge = bridge })
            .Where(f => f.Id.StartsWith("antrea-", StringComparison.Ordinal)).ToList();

        Assert.That(found.Select(f => f.Severity), Is.EqualTo(Enumerable.Repeat(severity, count)));
    }

    [TestCase(RestartMode.InPlace, "containers: [{name: main, lifecycle: {preStop: {exec: {command: [drain]}}}}]", 1)]
    [TestCase(RestartMode.InPlace, "containers: [{name: main}], initContainers: [{name: sidecar, restartPolicy: Always, lifecycle: {preStop: {sleep: {seconds: 5}}}}]", 1)]
    [TestCase(RestartMode.InPlace, "containers: [{name: main}]", 0)]
    [TestCase(RestartMode.Reschedule, "containers: [{name: main, lifecycle: {preStop: {exec: {command: [drain]}}}}]", 0)]
    public void Check_HooksThatARestartInPlaceDoesNotRun_AreNamed(RestartMode restart, string spec, int count)
    {
        var found = Preflight.Check(SnapshotFixtures.Read(Healthy + Pod("hooked", "", spec)), Newest with { Restart = restart });
        Assert.That(found.Where(f => f.Id == "pre-stop-hook-not-run").Select(f => f.Subject), Is.EqualTo(Enumerable.Repeat("Pod/shop/hooked", count)));
    }

    [Test]
    public void Check_EmptySnapshot_FindsMoreThanTheFirstThing() =>
        Assert.That(
            Preflight.Check(new ClusterSnapshot()).Where(f => f.Severity == Severity.Blocker).Select(f => f.Id),
            Is.EqualTo(new[] { "calico-not-found", "no-nodes" }));

    [Test]
    public void Check_SeedCluster_HasNoBlockers()
    {
        var findings = Preflight.Check(SnapshotFixtures.Read(File.ReadAllText(Path.Combine(SnapshotFixtures.Folder("test"), "kube-system.yaml"))
            + "---\n" + File.ReadAllText(Path.Combine(SnapshotFixtures.Folder("test"), "nodes.yaml"))
            + "---\n" + File.ReadAllText(Path.Combine(SnapshotFixtures.Folder("test"), "pods.yaml"))
            + "---\n" + File.ReadAllText(Path.Combine(SnapshotFixtures.Folder("test"), "ipam.yaml"))), Newest);
        Assert.That(
            findings.Select(f => (f.Id, f.Severity, f.Subject)),
            Is.EqualTo(new[]
            {
                ("calico-autodetection-not-pinned", Severity.Warning, "DaemonSet/kube-system/calico-node"),
                ("calico-installed-by-manifest", Severity.Info, "DaemonSet/kube-system/calico-node"),
                ("secrets-left-out", Severity.Info, "Input"),
            }));
    }

    [Test]
    public void Check_IgnoredBlocker_BecomesANoteThatSaysSo()
    {
        var snapshot = SnapshotFixtures.Read(Healthy + Pod("bare", "", "") + Pod("bare2", "", ""));
        var findings = Preflight.Check(snapshot, Newest with { IgnoredFindings = ["bare-pod"] }).Where(f => f.Id == "bare-pod").ToList();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(findings, Has.Count.EqualTo(2));
            Assert.That(findings, Has.All.Property("Severity").EqualTo(Severity.Info));
            Assert.That(findings[0].Evidence, Does.EndWith("(A blocker, ignored on request.)"));
        }
    }

    [Test]
    public void Check_IgnoredIdThatMatchesNothing_IsReported()
    {
        var findings = Preflight.Check(SnapshotFixtures.Read(Healthy), Newest with { IgnoredFindings = ["bear-pod"] });
        Assert.That(findings.Single(f => f.Id == "ignored-id-unmatched").Evidence, Does.Contain("'bear-pod'"));
    }

    [Test]
    public void Check_IgnoredWarning_StaysAWarning()
    {
        var snapshot = SnapshotFixtures.Read(Healthy + Pod("unready", "", "").Replace("type: Ready, status: \"True\"", "type: Ready, status: \"False\""));
        var finding = Preflight.Check(snapshot, Newest with { IgnoredFindings = ["pod-not-ready"] }).First(f => f.Id == "pod-not-ready");
        Assert.That(finding.Severity, Is.EqualTo(Severity.Warning));
    }

    [Test]
    public void Check_ReadFindings_AreIncludedAndBlockersComeFirst()
    {
        var snapshot = SnapshotFixtures.ReadLenient(Healthy.Replace("cidr: 10.244.0.0/16", "cidr: 10.244.0.1/16") + Pod("bare", "", ""));
        var findings = Preflight.Check(snapshot, Newest);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(findings.Select(f => f.Id), Does.Contain("value-unreadable").And.Contain("bare-pod"));
            Assert.That(findings.Select(f => (int)f.Severity), Is.Ordered.Descending);
        }
    }

    [Test]
    public void Requirements_AreCompleteAndNamedOnce()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(MigrationRequirements.All, Has.Length.GreaterThan(10));
            Assert.That(MigrationRequirements.All.Select(r => r.Id), Is.Unique);
            foreach (var requirement in MigrationRequirements.All)
            {
                Assert.That(requirement.Id, Does.Match("^[a-z0-9]+(-[a-z0-9]+)*$"));
                Assert.That(new[] { requirement.Text, requirement.Why }, Has.All.EndsWith("."));
                Assert.That(requirement.Source, Is.Not.Empty);
            }
        }
    }

    private static void Check(string yaml, Expected[] expected)
    {
        var findings = Preflight.Check(SnapshotFixtures.Read(yaml), Newest).Where(f => f.Id != "calico-installed-by-manifest").ToList();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                findings.Select(f => $"{f.Severity} {f.Id} {f.Subject}"),
                Is.EquivalentTo(expected.Select(e => $"{e.Severity} {e.Id} {e.Subject}")));
            Assert.That(findings.Select(f => f.Evidence), Is.All.EndsWith("."));
            Assert.That(findings.Select(f => f.Remedy), Is.All.EndsWith("."));
            foreach (var (id, evidence) in expected.Where(e => e.Evidence.Length > 0).Select(e => (e.Id, e.Evidence)))
            {
                Assert.That(findings.Where(f => f.Id == id).Select(f => f.Evidence), Has.Some.Contains(evidence));
            }
        }
    }

    private static IEnumerable<TestCaseData> Additions()
    {
        TestCaseData Case(string name, string addition, params Expected[] expected) =>
            new TestCaseData(addition, expected).SetArgDisplayNames(name);

        yield return Case("bare Pod", Pod("bare", "", ""), new Expected(Severity.Blocker, "bare-pod", "Pod/shop/bare"));
        yield return Case("bare Pod on its Node's network", Pod("bare", "", "hostNetwork: true"));
        yield return Case("static Pod", Pod("static", "annotations: {kubernetes.io/config.mirror: x}, ownerReferences: [{kind: Node, name: w1, controller: true}]", ""),
            new Expected(Severity.Blocker, "static-pod-on-pod-network", "Pod/shop/static"));
        yield return Case("Pod that is never restarted", Pod("once", "ownerReferences: [{kind: Workflow, name: f, controller: true}]", "restartPolicy: Never"),
            new Expected(Severity.Warning, "pod-never-restarts", "Pod/shop/once"));
        yield return Case("Job at work", Pod("job-1", "ownerReferences: [{kind: Job, name: job, controller: true}]", "restartPolicy: Never"),
            new Expected(Severity.Warning, "job-running", "Job/shop/job", "job-1"));
        yield return Case("Job that has ended", Pod("job-1", "ownerReferences: [{kind: Job, name: job, controller: true}]", "restartPolicy: Never").Replace("phase: Running", "phase: Succeeded"));
        yield return Case("Pod that is not ready", Pod("sick", Owned, "").Replace("type: Ready, status: \"True\"", "type: Ready, status: \"False\""),
            new Expected(Severity.Warning, "pod-not-ready", "Pod/shop/sick", "Running"));
        yield return Case("Pod with a hostPath", Pod("files", Owned, "volumes: [{name: v, hostPath: {path: /srv}}]"),
            new Expected(Severity.Info, "pod-bound-to-node", "ReplicaSet/shop/web", "files on w1"));
        yield return Case("Pod with hostPorts", Pod("edge", Owned, "containers: [{name: c, ports: [{containerPort: 443, hostPort: 8443}, {containerPort: 80, hostPort: 8080}, {containerPort: 9}]}]"),
            new Expected(Severity.Warning, "host-port-has-gap", "ReplicaSet/shop/web", "(8080, 8443)"));
        yield return Case("Pod with ports of its Node's own", Pod("edge", Owned, "hostNetwork: true, containers: [{name: c, ports: [{containerPort: 443, hostPort: 443}]}]"));
        yield return Case(
            "Pod with a local volume",
            Pod("files", Owned, "volumes: [{name: v, persistentVolumeClaim: {claimName: data}}]")
            + "---\napiVersion: v1\nkind: PersistentVolume\nmetadata: {name: v1}\nspec: {local: {path: /srv}, claimRef: {namespace: shop, name: data}}\n",
            new Expected(Severity.Info, "pod-bound-to-node", "ReplicaSet/shop/web"));
        yield return Case(
            "Pod with a volume from elsewhere",
            Pod("files", Owned, "volumes: [{name: v, persistentVolumeClaim: {claimName: data}}]")
            + "---\napiVersion: v1\nkind: PersistentVolume\nmetadata: {name: v1}\nspec: {csi: {driver: x}, claimRef: {namespace: shop, name: data}}\n");
        yield return Case("Pod that wants an address", Pod("fixed", Owned + ", annotations: {cni.projectcalico.org/ipAddrs: '[]'}", ""),
            new Expected(Severity.Warning, "pod-asks-for-calico-address", "Pod/shop/fixed", "cni.projectcalico.org/ipAddrs"));
        yield return Case("Deployment that is paused", "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d, namespace: shop}\nspec: {paused: true}\n" + Pod("d-1", "ownerReferences: [{kind: Deployment, name: d, controller: true}]", ""),
            new Expected(Severity.Warning, "workload-does-not-roll", "Deployment/shop/d"));
        yield return Case("StatefulSet that waits for deletion", "---\napiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: s, namespace: shop}\nspec: {updateStrategy: {type: OnDelete}}\n" + Pod("s-0", "ownerReferences: [{kind: StatefulSet, name: s, controller: true}]", ""),
            new Expected(Severity.Warning, "workload-does-not-roll", "StatefulSet/shop/s"));

        yield return Case("budget that never allows", Budget("b", "maxUnavailable: 0", 0), new Expected(Severity.Blocker, "disruption-budget-never-allows", "PodDisruptionBudget/shop/b", "shop/web-1"));
        yield return Case("budget that wants all", Budget("b", "minAvailable: 1", 0), new Expected(Severity.Blocker, "disruption-budget-never-allows", "PodDisruptionBudget/shop/b"));
        yield return Case("budget that allows none now", Budget("b", "maxUnavailable: 1", 0), new Expected(Severity.Warning, "disruption-budget-allows-none-now", "PodDisruptionBudget/shop/b"));
        yield return Case("budget that never allows and is not asked", Budget("b", "maxUnavailable: 0", 0).Replace("app: web", "app: rolls") + Rolling("{maxSurge: 1, maxUnavailable: 0}", 3),
            new Expected(Severity.Info, "disruption-budget-not-asked", "PodDisruptionBudget/shop/b", "shop/rolls-1"));
        yield return Case("rollout that takes more than its budget allows", Budget("b", "maxUnavailable: 0", 0).Replace("app: web", "app: rolls") + Rolling("{maxSurge: 0, maxUnavailable: 1}", 3),
            new Expected(Severity.Blocker, "disruption-budget-never-allows", "PodDisruptionBudget/shop/b", "shop/rolls-1, which must be evicted"),
            new Expected(Severity.Warning, "workload-does-not-roll", "Deployment/shop/rolls", "its PodDisruptionBudget lets 0 go now"));
        yield return Case("server that restarts with a gap", Rolling("{maxSurge: 0, maxUnavailable: 1}", 1) + "---\napiVersion: v1\nkind: Service\nmetadata: {name: rolls, namespace: shop}\nspec: {selector: {app: rolls}}\n",
            new Expected(Severity.Warning, "workload-restarts-with-gap", "Deployment/shop/rolls", "All 1 of its Pods"));
        yield return Case("server whose successor is ready first", Rolling("{maxSurge: 1, maxUnavailable: 0}", 1) + "---\napiVersion: v1\nkind: Service\nmetadata: {name: rolls, namespace: shop}\nspec: {selector: {app: rolls}}\n");
        yield return Case("full quota, and a rollout that surges", Quota("pods: 2") + Rolling("{maxSurge: 1, maxUnavailable: 0}", 3),
            new Expected(Severity.Warning, "quota-leaves-no-room-for-restart", "ResourceQuota/shop/q", "2 of 2 pods are used, and Deployment/shop/rolls can only be restarted with a Pod more"));
        yield return Case("full quota of objects", Quota("count/pods: \"2\"") + Rolling("{maxSurge: 1, maxUnavailable: 0}", 3),
            new Expected(Severity.Warning, "quota-leaves-no-room-for-restart", "ResourceQuota/shop/q", "2 of 2 count/pods are used"));
        yield return Case("quota with room for one", Quota("pods: 3") + Rolling("{maxSurge: 1, maxUnavailable: 0}", 3));
        yield return Case("full quota, and a rollout that makes room itself", Quota("pods: 2") + Rolling("{maxSurge: 1, maxUnavailable: 1}", 3));
        yield return Case("full quota of another Namespace", Quota("pods: 2").Replace("namespace: shop", "namespace: other") + Rolling("{maxSurge: 1, maxUnavailable: 0}", 3));
        yield return Case("quota of some Pods, by its own count", Quota("pods: 1}, scopes: [BestEffort], x: {a: b").Replace("status: {}", "status: {used: {pods: \"1\"}}") + Rolling("{maxSurge: 1, maxUnavailable: 0}", 3),
            new Expected(Severity.Warning, "quota-leaves-no-room-for-restart", "ResourceQuota/shop/q", "1 of 1 pods are used"));
        yield return Case("quota of some Pods that nobody has counted", Quota("pods: 1}, scopes: [BestEffort], x: {a: b") + Rolling("{maxSurge: 1, maxUnavailable: 0}", 3));
        yield return Case("rollout that takes all Pods at once", Rolling("{maxSurge: 0, maxUnavailable: 100%}", 3),
            new Expected(Severity.Warning, "workload-restarts-all-at-once", "Deployment/shop/rolls", "all of its 3 Pods"));
        yield return Case("rollout of one Pod that nobody asks", Rolling("{maxSurge: 0, maxUnavailable: 100%}", 1));
        yield return Case("DaemonSet that goes everywhere at once", Agents("100%"),
            new Expected(Severity.Warning, "workload-restarts-all-at-once", "DaemonSet/shop/agents", "all of its 3 Pods"));
        yield return Case("DaemonSet that goes Node by Node", Agents("1"));
        yield return Case("budget that allows one", Budget("b", "maxUnavailable: 1", 1));
        yield return Case("budget of other Pods", Budget("b", "maxUnavailable: 0", 0).Replace("app: web", "app: other"));
        yield return Case("two budgets", Budget("b1", "maxUnavailable: 1", 1) + Budget("b2", "maxUnavailable: 1", 1).Replace("matchLabels: {app: web}", "matchExpressions: [{key: app, operator: In, values: [web]}]"),
            new Expected(Severity.Blocker, "pod-matched-by-two-disruption-budgets", "Pod/shop/web-1", "b1, b2"));

        yield return Case("operator", "---\napiVersion: operator.tigera.io/v1\nkind: Installation\nmetadata: {name: default}\nspec: {cni: {type: Calico, ipam: {type: Calico}}}\n",
            new Expected(Severity.Info, "calico-installed-by-operator", "Installation/default"));
        yield return Case("operator in a Namespace of one's own", "---\napiVersion: operator.tigera.io/v1\nkind: Installation\nmetadata: {name: default}\n" + Deployment("tigera-operator", "labels: {a: b}", "tigera/operator:v1.30.4"),
            new Expected(Severity.Info, "calico-installed-by-operator", "Installation/default"),
            new Expected(Severity.Blocker, "calico-operator-elsewhere", "Deployment/shop/tigera-operator", "Namespace shop"));
        yield return Case("operator of what is sold", "---\napiVersion: operator.tigera.io/v1\nkind: Installation\nmetadata: {name: default}\nspec: {variant: TigeraSecureEnterprise}\n",
            new Expected(Severity.Info, "calico-installed-by-operator", "Installation/default"),
            new Expected(Severity.Blocker, "calico-variant-unsupported", "Installation/default", "TigeraSecureEnterprise"));
        yield return Case("operator that runs a gateway", "---\napiVersion: operator.tigera.io/v1\nkind: Installation\nmetadata: {name: default}\n---\napiVersion: operator.tigera.io/v1\nkind: GatewayAPI\nmetadata: {name: tigera-secure}\n",
            new Expected(Severity.Info, "calico-installed-by-operator", "Installation/default"),
            new Expected(Severity.Warning, "operator-runs-more-than-calico", "GatewayAPI/tigera-secure", "runs a GatewayAPI"));
        yield return Case("operator with an overlay", "---\napiVersion: operator.tigera.io/v1\nkind: Installation\nmetadata: {name: a}\n---\napiVersion: operator.tigera.io/v1\nkind: Installation\nmetadata: {name: overlay}\nspec: {variant: Other}\n",
            new Expected(Severity.Info, "calico-installed-by-operator", "Installation/a"),
            new Expected(Severity.Blocker, "calico-installation-overlay", "Installation/overlay", "field by field"));
        yield return Case("operator with settings that nobody carries over", "---\napiVersion: operator.tigera.io/v1\nkind: Installation\nmetadata: {name: default}\nspec: {kubernetesProvider: GKE, registry: here, calicoNetwork: {mtu: 1400, hostPorts: Disabled}}\n",
            new Expected(Severity.Info, "calico-installed-by-operator", "Installation/default"),
            new Expected(Severity.Warning, "calico-installation-fields-ignored", "Installation/default", "sets spec.kubernetesProvider, spec.calicoNetwork.hostPorts, which"));
        yield return Case("operator with another CNI", "---\napiVersion: operator.tigera.io/v1\nkind: Installation\nmetadata: {name: default}\nspec: {cni: {type: AmazonVPC, ipam: {type: AmazonVPC}}, calicoNetwork: {linuxDataplane: BPF}}\n",
            new Expected(Severity.Info, "calico-installed-by-operator", "Installation/default"),
            new Expected(Severity.Blocker, "calico-is-not-the-cni", "Installation/default", "AmazonVPC"),
            new Expected(Severity.Blocker, "calico-ipam-not-used", "Installation/default"),
            new Expected(Severity.Blocker, "calico-ebpf-dataplane", "Installation/default"));
        yield return Case("host-local", "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: calico-config, namespace: kube-system}\ndata: {cni_network_config: '{\"ipam\": {\"type\": \"host-local\"}}'}\n",
            new Expected(Severity.Blocker, "calico-ipam-not-used", "ConfigMap/kube-system/calico-config"));
        yield return Case("eBPF", Felix("bpfEnabled: true"), new Expected(Severity.Blocker, "calico-ebpf-dataplane", "FelixConfiguration/default"));
        yield return Case("WireGuard", Felix("wireguardEnabled: true"), new Expected(Severity.Warning, "calico-encrypts-with-wireguard", "FelixConfiguration/default"));
        yield return Case("affinity that is pending", "---\napiVersion: crd.projectcalico.org/v1\nkind: BlockAffinity\nmetadata: {name: a}\nspec: {node: w1, cidr: 10.244.0.0/26, state: pending}\n",
            new Expected(Severity.Warning, "block-affinity-not-confirmed", "BlockAffinity/w1/10.244.0.0/26", "pending"));

        yield return Case("Antrea", "---\napiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: antrea-agent, namespace: kube-system}\n",
            new Expected(Severity.Blocker, "antrea-already-installed", "DaemonSet/kube-system/antrea-agent"));
        yield return Case("Multus", "---\napiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: kube-multus-ds, namespace: kube-system}\nspec: {template: {spec: {containers: [{image: 'k8snetworkplumbingwg/multus-cni:v4.2.4'}]}}}\n",
            new Expected(Severity.Blocker, "multus-already-installed", "DaemonSet/kube-system/kube-multus-ds"));
        yield return Case("secondary network", Pod("two", Owned + ", annotations: {k8s.v1.cni.cncf.io/networks: macvlan}", ""), new Expected(Severity.Blocker, "multus-in-use", "Pod/shop/two"));
        yield return Case("network definition", "---\napiVersion: k8s.cni.cncf.io/v1\nkind: NetworkAttachmentDefinition\nmetadata: {name: m, namespace: shop}\n",
            new Expected(Severity.Blocker, "multus-in-use", "NetworkAttachmentDefinition/shop/m"));

        yield return Case("workloads of Argo CD", Deployment("a", "annotations: {argocd.argoproj.io/tracking-id: 'shop:apps/Deployment:shop/a'}", "nginx") + Deployment("b", "labels: {argocd.argoproj.io/instance: shop}", "nginx"),
            new Expected(Severity.Warning, "workload-kept-by-others", "Deployment/shop/a", "Argo CD keeps Deployment/shop/a, Deployment/shop/b as written elsewhere"));
        yield return Case("workload of an operator", Deployment("a", "ownerReferences: [{apiVersion: databases.example/v1, kind: Store, name: s, uid: u, controller: true}]", "nginx"),
            new Expected(Severity.Warning, "workload-kept-by-others", "Deployment/shop/a", "the operator of Store (databases.example) keeps Deployment/shop/a"));
        yield return Case("workload that a custom resource only mentions", Deployment("a", "ownerReferences: [{apiVersion: databases.example/v1, kind: Store, name: s, uid: u}]", "nginx"));
        yield return Case("workloads that an add-on manager only made", Deployment("a", "labels: {addonmanager.kubernetes.io/mode: EnsureExists}", "nginx"));
        yield return Case("autoscaler", Deployment("scaler", "labels: {a: b}", "autoscaling/cluster-autoscaler:v1.30.0"),
            new Expected(Severity.Warning, "nodes-are-autoscaled", "Deployment/shop/scaler"));
        yield return Case("autoscaler that rests", Deployment("scaler", "labels: {a: b}", "autoscaling/cluster-autoscaler:v1.30.0").Replace("spec: {", "spec: {replicas: 0, "));

        yield return Case("APIService", ApiService("True"), new Expected(Severity.Info, "calico-api-service-present", "APIService/v3.projectcalico.org"));
        yield return Case("APIService without its server", ApiService("False"), new Expected(Severity.Blocker, "calico-api-service-unavailable", "APIService/v3.projectcalico.org", "MissingEndpoints"));
        yield return Case("webhook that fails closed", Webhook(""), new Expected(Severity.Warning, "webhook-fails-closed", "ValidatingWebhookConfiguration/h#check", "a single Pod; it is asked about Pods"));
        yield return Case("webhook that fails open", Webhook("failurePolicy: Ignore, "));
        yield return Case("webhook served from elsewhere", Webhook("").Replace("selector: {app: web}", "selector: {app: other}"));
    }

    private static IEnumerable<TestCaseData> Changes()
    {
        TestCaseData Case(string name, string from, string to, params Expected[] expected) =>
            new TestCaseData(from, to, expected).SetArgDisplayNames(name);

        yield return Case("Node that is not ready", "conditions: [{type: Ready, status: \"True\"}]\n  nodeInfo", "conditions: [{type: Ready, status: Unknown}]\n  nodeInfo", new Expected(Severity.Blocker, "node-not-ready", "Node/w1"));
        yield return Case("Node that is cordoned", "podCIDR: 10.10.0.0/24", "podCIDR: 10.10.0.0/24, unschedulable: true", new Expected(Severity.Info, "node-cordoned", "Node/w1"));
        yield return Case("IPv6 alone", "podCIDR: 10.10.0.0/24", "podCIDR: 'fd00:10:10::/64'", new Expected(Severity.Info, "cluster-ipv6-only", "Cluster"));
        yield return Case("Node without network", "[{type: Ready, status: \"True\"}]\n  nodeInfo", "[{type: Ready, status: \"True\"}, {type: NetworkUnavailable, status: \"True\", reason: CalicoIsDown}]\n  nodeInfo", new Expected(Severity.Blocker, "node-network-unavailable", "Node/w1", "CalicoIsDown"));
        yield return Case("Windows", "operatingSystem: linux", "operatingSystem: windows", new Expected(Severity.Blocker, "node-not-linux", "Node/w1"));
        yield return Case("CRI-O", "containerd://1.7.1", "cri-o://1.27.0", new Expected(Severity.Info, "node-runs-crio", "Node/w1"));
        yield return Case("Docker", "containerd://1.7.1", "docker://20.10.7", new Expected(Severity.Blocker, "node-runs-docker", "Node/w1"));
        yield return Case("runtime unknown", "containerd://1.7.1", "rkt://1", new Expected(Severity.Warning, "node-runtime-unknown", "Node/w1", "rkt://1"));

        yield return Case("no Calico", "name: calico-node, namespace", "name: other, namespace", new Expected(Severity.Blocker, "calico-not-found", "Cluster"));
        yield return Case("etcd", "value: kubernetes}", "value: etcdv3}", new Expected(Severity.Blocker, "calico-datastore-not-kubernetes", "DaemonSet/kube-system/calico-node", "DATASTORE_TYPE=etcdv3"));
        yield return Case("etcd by its endpoints", "{name: DATASTORE_TYPE, value: kubernetes}", "{name: ETCD_ENDPOINTS, valueFrom: {}}", new Expected(Severity.Blocker, "calico-datastore-not-kubernetes", "DaemonSet/kube-system/calico-node", "ETCD_ENDPOINTS"));
        yield return Case("no IPAM objects", "kind: IPPool", "kind: Other", new Expected(Severity.Blocker, "calico-datastore-not-kubernetes", "DaemonSet/kube-system/calico-node", "neither an IPPool nor an IPAMBlock"));
        yield return Case("Calico not ready", "numberReady: 1", "numberReady: 0", new Expected(Severity.Blocker, "calico-node-not-ready", "DaemonSet/kube-system/calico-node", "0 of 1"));
        yield return Case("Calico too old", "node:v3.26.1", "node:v3.25.2", new Expected(Severity.Warning, "calico-version-untested", "DaemonSet/kube-system/calico-node", "v3.25.2"));
        yield return Case("Calico of an unknown version", "node:v3.26.1", "node@sha256:00", new Expected(Severity.Warning, "calico-version-untested", "DaemonSet/kube-system/calico-node"));
        yield return Case("first found", "{name: IP_AUTODETECTION_METHOD, value: kubernetes-internal-ip}", "{name: X, value: x}", new Expected(Severity.Warning, "calico-autodetection-not-pinned", "DaemonSet/kube-system/calico-node", "first-found, the default"));
        yield return Case("address given", "{name: IP, value: autodetect}\n        - {name: IP_AUTODETECTION_METHOD, value: kubernetes-internal-ip}", "{name: IP, value: 172.18.0.3}");
        yield return Case("eBPF by variable", "{name: DATASTORE_TYPE, value: kubernetes}", "{name: FELIX_BPFENABLED, value: \"True\"}", new Expected(Severity.Blocker, "calico-ebpf-dataplane", "DaemonSet/kube-system/calico-node (FELIX_BPFENABLED)"));
        yield return Case("Calico of Flux", "metadata: {name: calico-node, namespace: kube-system}", "metadata: {name: calico-node, namespace: kube-system, labels: {kustomize.toolkit.fluxcd.io/name: infra}}", new Expected(Severity.Blocker, "calico-kept-by-others", "DaemonSet/kube-system/calico-node", "Flux"));
        yield return Case("pool of an add-on manager", "metadata: {name: pool}", "metadata: {name: pool, labels: {addonmanager.kubernetes.io/mode: Reconcile}}", new Expected(Severity.Blocker, "calico-kept-by-others", "IPPool/pool", "kube-addon-manager"));
        yield return Case("VXLAN", "ipipMode: Always", "vxlanMode: CrossSubnet", new Expected(Severity.Info, "calico-uses-vxlan", "IPPool/pool", "UDP 4789"));
        yield return Case("pool with finalizers", "metadata: {name: pool}", "metadata: {name: pool, finalizers: [projectcalico.org/ippool-finalizer]}", new Expected(Severity.Info, "calico-object-has-finalizers", "IPPool/pool"));

        yield return Case("no kube-proxy", "name: kube-proxy", "name: other", new Expected(Severity.Warning, "kube-proxy-not-found", "Cluster"));
        yield return Case("IPVS", "mode: iptables", "mode: ipvs", new Expected(Severity.Warning, "kube-proxy-mode-not-iptables", "ConfigMap/kube-system/kube-proxy", "ipvs"));
        yield return Case("kube-proxy's default mode", "mode: iptables", "mode: ''");
        yield return Case("no cluster CIDR", ", clusterCIDR: 10.10.0.0/16", "", new Expected(Severity.Info, "kube-proxy-cluster-cidr-unknown", "ConfigMap/kube-system/kube-proxy"));
        yield return Case("kube-proxy's configuration broken", "{mode: iptables, ", "{mode: [iptables, ", new Expected(Severity.Warning, "kube-proxy-configuration-unreadable", "ConfigMap/kube-system/kube-proxy"));
        yield return Case("kube-proxy as a DaemonSet only", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: kube-proxy, namespace: kube-system}\n", "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: kube-proxy, namespace: kube-system}\nspec: {template: {spec: {hostNetwork: true, containers: [{command: [kube-proxy, --proxy-mode=ipvs, --cluster-cidr=10.0.0.0/8]}]}}}\n", new Expected(Severity.Warning, "kube-proxy-mode-not-iptables", "DaemonSet/kube-system/kube-proxy"));
        yield return Case("Service CIDR unknown", "kind: ServiceCIDR", "kind: Other", new Expected(Severity.Warning, "service-cidr-unknown", "Cluster"));
    }

    private const string Owned = "ownerReferences: [{kind: ReplicaSet, name: web, controller: true}]";

    private static string Pod(string name, string metadata, string spec) =>
        $"---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: shop{(metadata.Length > 0 ? ", " : "")}{metadata}}}\n"
        + $"spec: {{nodeName: w1{(spec.Length > 0 ? ", " : "")}{spec}}}\nstatus: {{phase: Running, conditions: [{{type: Ready, status: \"True\"}}]}}\n";

    private static string Budget(string name, string spec, int allowed) =>
        $"---\napiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{name: {name}, namespace: shop}}\n"
        + $"spec: {{{spec}, selector: {{matchLabels: {{app: web}}}}}}\nstatus: {{disruptionsAllowed: {allowed}, expectedPods: 1, currentHealthy: 1, desiredHealthy: 1}}\n";

    private static string Quota(string hard) =>
        $"---\napiVersion: v1\nkind: ResourceQuota\nmetadata: {{name: q, namespace: shop}}\nspec: {{hard: {{{hard}}}}}\nstatus: {{}}\n";

    private static string Agents(string maxUnavailable) =>
        $$"""
        ---
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: {name: agents, namespace: shop}
        spec: {updateStrategy: {rollingUpdate: {maxUnavailable: {{maxUnavailable}} } } }
        status: {desiredNumberScheduled: 3}

        """ + Pod("agents-1", "ownerReferences: [{kind: DaemonSet, name: agents, controller: true}]", "");

    private static string Rolling(string strategy, int replicas) =>
        Pod("rolls-1", "labels: {app: rolls}, ownerReferences: [{kind: Deployment, name: rolls, controller: true}]", "")
        + $"---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: rolls, namespace: shop}}\nspec: {{replicas: {replicas}, strategy: {{rollingUpdate: {strategy}}}}}\n";

    private static string Deployment(string name, string metadata, string image) =>
        $"---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, namespace: shop, {metadata}}}\nspec: {{template: {{spec: {{containers: [{{image: '{image}'}}]}}}}}}\n";

    private static string Felix(string spec) => $"---\napiVersion: crd.projectcalico.org/v1\nkind: FelixConfiguration\nmetadata: {{name: default}}\nspec: {{{spec}}}\n";

    private static string ApiService(string available) =>
        "---\napiVersion: apiregistration.k8s.io/v1\nkind: APIService\nmetadata: {name: v3.projectcalico.org}\n"
        + "spec: {group: projectcalico.org, version: v3, service: {name: calico-api, namespace: calico-apiserver}}\n"
        + $"status: {{conditions: [{{type: Available, status: \"{available}\", reason: MissingEndpoints}}]}}\n";

    private static string Webhook(string fields) =>
        "---\napiVersion: v1\nkind: Service\nmetadata: {name: hook, namespace: shop}\nspec: {selector: {app: web}}\n"
        + "---\napiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\nmetadata: {name: h}\n"
        + $"webhooks: [{{name: check, {fields}clientConfig: {{service: {{name: hook, namespace: shop}}}}, rules: [{{resources: [pods]}}]}}]\n";

    /// <summary>A finding that must be there, and a part of its evidence.</summary>
    internal sealed record Expected(Severity Severity, string Id, string Subject, string Evidence = "");
}
