using Antrea.Migration.Tests.House;

namespace Antrea.Migrator.Tests.Commands;

public class PoliciesTests
{
    /// <summary>shop/web and shop/db, and a Calico policy that lets only web reach db's port 5432.</summary>
    private const string Shop =
        """
        ---
        apiVersion: v1
        kind: Namespace
        metadata: {name: shop, labels: {kubernetes.io/metadata.name: shop}}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop, labels: {app: web}}
        spec: {nodeName: a, containers: [{name: c}]}
        status: {phase: Running, podIP: 10.10.200.66, podIPs: [{ip: 10.10.200.66}]}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: db, namespace: shop, labels: {app: db}}
        spec: {nodeName: b, containers: [{name: c}]}
        status: {phase: Running, podIP: 10.10.200.67, podIPs: [{ip: 10.10.200.67}]}
        ---
        apiVersion: crd.projectcalico.org/v1
        kind: ClusterInformation
        metadata: {name: default}
        spec: {calicoVersion: v3.26.1, datastoreReady: true}
        ---
        apiVersion: crd.projectcalico.org/v1
        kind: FelixConfiguration
        metadata: {name: default}
        spec: {defaultEndpointToHostAction: Accept}
        ---
        apiVersion: crd.projectcalico.org/v1
        kind: NetworkPolicy
        metadata: {name: default.db, namespace: shop, annotations: {projectcalico.org/metadata: '{}'} }
        spec:
          selector: app == 'db'
          types: [Ingress]
          ingress: [{action: Allow, protocol: TCP, source: {selector: app == 'web'}, destination: {ports: [5432]} }]

        """;

    private const string Broken =
        """
        ---
        apiVersion: crd.projectcalico.org/v1
        kind: GlobalNetworkPolicy
        metadata: {name: default.broken, annotations: {projectcalico.org/metadata: '{}'} }
        spec: {selector: all(, types: [Ingress], ingress: [{action: Allow}]}

        """;

    /// <summary>By hand, and the same.</summary>
    private const string ByHand =
        """
        apiVersion: crd.antrea.io/v1beta1
        kind: NetworkPolicy
        metadata: {name: db, namespace: shop}
        spec:
          priority: 5
          tier: application
          appliedTo: [{podSelector: {matchLabels: {app: db}}}]
          ingress:
          - {name: web, action: Allow, from: [{podSelector: {matchLabels: {app: web}}}], ports: [{protocol: TCP, port: 5432}]}
          - {name: rest, action: Drop}

        """;

    [Test]
    public async Task The_labs_policies_are_converted_and_proven()
    {
        using var folder = new TemporaryFolder();
        var run = await MigratorRun.OfAsync("policies", "convert", "--lab", "c2a0", "--workers", "1", "-o", "json", "--to", folder.At("out"));
        Assert.That((run.ExitCode, run.Error), Is.EqualTo((ExitCodes.Success, "")));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Json["proof"]!["verdict"]!.ToString(), Is.EqualTo("Equal"));
            Assert.That(run.Json["proof"]!["comparedFlows"]!.GetValue<long>(), Is.Positive);
            Assert.That(run.Json["proof"]!["counterexamples"]!.AsArray(), Is.Empty);
            Assert.That(run.Json["policies"]!.AsArray().Select(p => p!["fidelity"]!.ToString()), Is.Not.Empty.And.All.EqualTo("Exact"));
            Assert.That(Directory.GetFiles(folder.At("out"), "*.yaml"), Is.Not.Empty);
        }

        Approval.Verify(run.Output.Replace(folder.Path, "FOLDER", StringComparison.Ordinal), "LabJson");
    }

    [Test]
    public async Task A_conversion_is_shown_as_a_table()
    {
        using var folder = WithShop();
        var run = await MigratorRun.OfAsync("policies", "convert", "--from", folder.Path, "--to", folder.At("out"));
        Assert.That((run.ExitCode, run.Error), Is.EqualTo((ExitCodes.Success, "")), run.Output);
        Approval.Verify(string.Join('\n', run.Lines).Replace(folder.Path, "FOLDER", StringComparison.Ordinal), "ConvertTable");
    }

    [Test]
    public async Task Written_files_are_what_the_stream_holds_and_mean_the_same()
    {
        using var folder = WithShop();
        await MigratorRun.OfAsync("policies", "convert", "--from", folder.At("cluster.yaml"), "--to", folder.At("out"));
        var stream = await MigratorRun.OfAsync("policies", "convert", "--from", folder.At("cluster.yaml"), "-o", "yaml");
        folder.Write("stream.yaml", stream.Output);
        var files = await MigratorRun.OfAsync("policies", "verify", "--calico", folder.At("cluster.yaml"), "--antrea", folder.At("out"), "-o", "json");
        var documents = await MigratorRun.OfAsync("policies", "verify", "--calico", folder.At("cluster.yaml"), "--antrea", folder.At("stream.yaml"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(stream.Error, Does.Contain("Proof: Equal"));
            Assert.That(
                Directory.GetFiles(folder.At("out")).Select(Path.GetFileName).Order(StringComparer.Ordinal),
                Is.EqualTo(new[] { "1-Tier_calico-default.yaml", "3-NetworkPolicy_shop_calico-db.yaml", "4-NetworkPolicy_shop_calicoend-default.yaml" }));
            Assert.That((files.ExitCode, files.Json["proof"]!["verdict"]!.ToString()), Is.EqualTo((ExitCodes.Success, "Equal")));
            Assert.That((documents.ExitCode, documents.Error), Is.EqualTo((ExitCodes.Success, "")));
        }
    }

    [Test]
    public async Task Another_run_removes_what_it_no_longer_wants_and_nothing_else()
    {
        using var folder = WithShop();
        var first = await MigratorRun.OfAsync("policies", "convert", "--from", folder.At("cluster.yaml"), "--to", folder.At("out"));
        File.WriteAllText(Path.Combine(folder.At("out"), "mine.yaml"), "mine");
        folder.Write("cluster.yaml", SmallCluster.Text());
        var second = await MigratorRun.OfAsync("policies", "convert", "--from", folder.At("cluster.yaml"), "--to", folder.At("out"), "-o", "json");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(first.Output, Does.Contain("3 files written"));
            Assert.That(second.Json["output"]!["removed"]!.AsArray(), Has.Count.EqualTo(3));
            Assert.That(Directory.GetFiles(folder.At("out")).Select(Path.GetFileName), Is.EqualTo(new[] { "mine.yaml" }));
        }
    }

    [Test]
    public async Task A_file_of_somebody_else_is_never_overwritten()
    {
        using var folder = WithShop();
        Directory.CreateDirectory(folder.At("out"));
        File.WriteAllText(Path.Combine(folder.At("out"), "1-Tier_calico-default.yaml"), "mine");
        var run = await MigratorRun.OfAsync("policies", "convert", "--from", folder.At("cluster.yaml"), "--to", folder.At("out"));
        run.VerifyRefused("1-Tier_calico-default.yaml", "did not write", "next: Move the file away");
        Assert.That(Directory.GetFiles(folder.At("out")), Has.Length.EqualTo(1));
    }

    [Test]
    public async Task What_cannot_be_converted_is_refused_by_name_and_nothing_is_written()
    {
        using var folder = WithShop(Broken);
        var run = await MigratorRun.OfAsync("policies", "convert", "--from", folder.At("cluster.yaml"), "-o", "json", "--to", folder.At("out"));
        var table = await MigratorRun.OfAsync("policies", "convert", "--from", folder.At("cluster.yaml"), "--to", folder.At("out"));
        var yaml = await MigratorRun.OfAsync("policies", "convert", "--from", folder.At("cluster.yaml"), "-o", "yaml");
        var policy = run.Json["policies"]!.AsArray().Single(p => p!["name"]!.ToString() == "broken")!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.ExitCode, Is.EqualTo(ExitCodes.Findings));
            Assert.That((policy["kind"]!.ToString(), policy["namespace"]!.ToString()), Is.EqualTo(("GlobalNetworkPolicy", "")));
            Assert.That(policy["fidelity"]!.ToString(), Is.EqualTo("Refused"));
            Assert.That(policy["findings"]!.AsArray().Select(f => f!["path"]!.ToString()), Has.Some.EqualTo("spec.selector"));
            Assert.That(run.Json["proof"]!["verdict"]!.ToString(), Is.EqualTo("NotProven"));
            Assert.That(Directory.Exists(folder.At("out")), Is.False);
            Assert.That(table.Output, Does.Contain("Nothing was written to").And.Contain("--partial"));
            Assert.That((yaml.ExitCode, yaml.Output), Is.EqualTo((ExitCodes.Findings, "")));
        }

        var partial = await MigratorRun.OfAsync("policies", "convert", "--from", folder.At("cluster.yaml"), "--to", folder.At("out"), "--partial");
        Assert.That((partial.ExitCode, Directory.GetFiles(folder.At("out")).Length), Is.EqualTo((ExitCodes.Findings, 3)), partial.Output);
    }

    [Test]
    public async Task A_cluster_without_policies_is_equal()
    {
        using var folder = new TemporaryFolder();
        folder.Write("cluster.yaml", SmallCluster.Text());
        var run = await MigratorRun.OfAsync("policies", "convert", "--from", folder.Path, "-o", "json");
        Assert.That((run.ExitCode, run.Json["policies"]!.ToJsonString()), Is.EqualTo((ExitCodes.Success, "[]")), run.Output);
    }

    [TestCase("--pods existing")]
    [TestCase("--pods future")]
    [TestCase("--calico-version v3.26.1")]
    public async Task Policies_without_their_cluster_are_not_proven(string options)
    {
        using var folder = new TemporaryFolder();
        folder.Write("policies.yaml", Shop[Shop.IndexOf("---\napiVersion: crd.projectcalico.org/v1\nkind: ClusterInformation", StringComparison.Ordinal)..]);
        var run = await MigratorRun.OfAsync(["policies", "convert", "--from", folder.Path, "-o", "json", .. options.Split(' ')]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That((run.ExitCode, run.Json["proof"]!["verdict"]!.ToString()), Is.EqualTo((ExitCodes.Findings, "NotProven")), run.Output);
            Assert.That(run.Json["proof"]!["reason"]!.ToString(), Does.Contain("no Pod"));
        }
    }

    [Test]
    public async Task The_json_has_the_members_that_machines_rely_on()
    {
        using var folder = WithShop();
        folder.Write("antrea.yaml", ByHand.Replace("5432", "5433", StringComparison.Ordinal));
        var convert = await MigratorRun.OfAsync("policies", "convert", "--from", folder.At("cluster.yaml"), "-o", "json");
        var verify = await MigratorRun.OfAsync("policies", "verify", "--calico", folder.At("cluster.yaml"), "--antrea", folder.At("antrea.yaml"), "-o", "json");
        var policy = convert.Json["policies"]![0]!.AsObject();
        var example = verify.Json["proof"]!["counterexamples"]![0]!.AsObject();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(policy.Select(m => m.Key).Take(6), Is.EqualTo(new[] { "kind", "namespace", "name", "fidelity", "rules", "findings" }));
            Assert.That(policy["rules"]![0]!.ToJsonString(), Is.EqualTo("""{"direction":"Ingress","index":0,"fidelity":"Exact"}"""));
            Assert.That(verify.ExitCode, Is.EqualTo(ExitCodes.Findings));
            Assert.That(verify.Json["proof"]!["verdict"]!.ToString(), Is.EqualTo("Different"));
            Assert.That(example.Select(m => m.Key), Is.SupersetOf(new[] { "source", "destination", "protocol", "port", "calico", "antrea" }));
            Assert.That((example["destination"]!.ToString(), example["protocol"]!.ToString()), Is.EqualTo(("shop/db", "TCP")));
            Assert.That(example["port"]!.GetValue<int>(), Is.AnyOf(5432, 5433));
            Assert.That(example["calico"]!.ToString(), Does.StartWith("tier default"));
            Assert.That(example["antrea"]!.ToString(), Does.StartWith("tier application / NetworkPolicy shop/db ingress rule "));
        }
    }

    [Test]
    public async Task Policies_written_by_hand_are_proven_or_refuted()
    {
        using var folder = WithShop();
        folder.Write("antrea.yaml", ByHand);
        var equal = await MigratorRun.OfAsync("policies", "verify", "--calico", folder.At("cluster.yaml"), "--antrea", folder.At("antrea.yaml"), folder.At("cluster.yaml"));
        folder.Write("antrea.yaml", ByHand.Replace("matchLabels: {app: web}", "", StringComparison.Ordinal));
        var different = await MigratorRun.OfAsync("policies", "verify", "--calico", folder.At("cluster.yaml"), "--antrea", folder.At("antrea.yaml"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That((equal.ExitCode, equal.Error), Is.EqualTo((ExitCodes.Success, "")), equal.Output);
            Assert.That(equal.Output, Does.Contain("Ignored in --antrea").And.Contain("2 Pod"));
            Assert.That(different.ExitCode, Is.EqualTo(ExitCodes.Findings));
        }

        Approval.Verify(different.Output, "VerifyTable");
    }

    [TestCase("podSelector: {matchLabels: {app: db}}", "serviceAccount: {name: a, namespace: shop}", "spec.appliedTo[0].serviceAccount")]
    [TestCase("tier: application", "tier: ghost", "spec.tier")]
    [TestCase("action: Drop", "action: Deny", "spec.ingress[1].action")]
    [TestCase("name: rest", "name: web", "spec.ingress[1].name")]
    public async Task What_Antrea_would_drop_misread_or_refuse_is_bad_input(string text, string replacement, string field)
    {
        using var folder = WithShop();
        folder.Write("antrea.yaml", ByHand.Replace(text, replacement, StringComparison.Ordinal));
        var run = await MigratorRun.OfAsync("policies", "verify", "--calico", folder.At("cluster.yaml"), "--antrea", folder.At("antrea.yaml"));
        run.VerifyRefused("antrea.yaml:1", "NetworkPolicy/shop/db", $"field '{field}'");
    }

    [Test]
    public async Task A_policy_given_twice_with_another_content_is_never_chosen_from()
    {
        using var folder = WithShop();
        folder.Write("antrea.yaml", ByHand);
        folder.Write("antrea2.yaml", ByHand.Replace("5432", "5433", StringComparison.Ordinal));
        folder.Write("cluster2.yaml", Shop[Shop.LastIndexOf("---", StringComparison.Ordinal)..].Replace("5432", "5433", StringComparison.Ordinal));
        var antrea = await MigratorRun.OfAsync(
            "policies", "verify", "--calico", folder.At("cluster.yaml"), "--antrea", folder.At("antrea2.yaml"), folder.At("antrea.yaml"));
        var calico = await MigratorRun.OfAsync("policies", "convert", "--from", folder.At("cluster2.yaml"), folder.At("cluster.yaml"), "--to", folder.At("out"));
        antrea.VerifyRefused("antrea.yaml", "antrea2.yaml", "NetworkPolicy/shop/db");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(calico.ExitCode, Is.EqualTo(ExitCodes.Findings));
            Assert.That(calico.Output, Does.Contain("BLOCKER duplicate-object").And.Contain("cluster2.yaml"));
            Assert.That(Directory.Exists(folder.At("out")), Is.False);
        }
    }

    /// <summary>Converted, it would let in for ever what it was to let in for a phase; as long as it is there, it decides.</summary>
    [Test]
    public async Task An_allowance_that_a_migration_has_left_is_not_converted_and_is_explained_as_one()
    {
        using var folder = WithShop();
        folder.Write(
            "left.yaml",
            "apiVersion: crd.projectcalico.org/v1\nkind: NetworkPolicy\nmetadata: {name: default.antrea-migration-allow-1, namespace: shop, labels: {antrea-migration/allowance: antrea-pods}}\n"
            + "spec: {order: -1, selector: app == 'db', types: [Ingress], ingress: [{action: Allow, protocol: TCP, source: {nets: [203.0.113.7/32]}, destination: {ports: [5432]}}]}\n");
        var conversion = await MigratorRun.OfAsync("policies", "convert", "--from", folder.Path, "-o", "json");
        string[] explain = ["policies", "explain", "--from", folder.Path, "--source", "203.0.113.7", "--destination", "shop/db", "--port", "5432"];
        var calico = await MigratorRun.OfAsync(explain);
        var antrea = await MigratorRun.OfAsync([.. explain, "--engine", "antrea"]);
        using var converted = new TemporaryFolder();
        await MigratorRun.OfAsync("policies", "convert", "--from", folder.Path, "--to", converted.At("out"));
        var verified = await MigratorRun.OfAsync("policies", "verify", "--calico", folder.Path, "--antrea", converted.At("out"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(verified.ExitCode, Is.EqualTo(ExitCodes.Success), verified.Output);
            Assert.That(verified.Error, Does.StartWith("Left out: allowances of a migration"));
            Assert.That(conversion.Json["policies"]!.AsArray(), Has.Count.EqualTo(1));
            Assert.That(conversion.Error, Does.StartWith("Left out: allowances of a migration"));
            Assert.That(calico.Output, Does.Contain("5432: Allow").And.Contain("allowances of a migration among them"));
            Assert.That(antrea.Output, Does.Contain("5432: Deny").And.Not.Contain("allowances of a migration"));
        }
    }

    [TestCase("antrea.yaml", "NetworkPolicy/shop/db")]
    [TestCase("kubernetes.yaml", "NetworkPolicy/shop/k")]
    public async Task A_policy_given_twice_explains_nothing(string twice, string subject)
    {
        using var folder = WithShop();
        folder.Write("antrea.yaml", ByHand);
        folder.Write("kubernetes.yaml", "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: k, namespace: shop}\nspec: {podSelector: {matchLabels: {app: web5432}}}\n");
        folder.Write("again.yaml", File.ReadAllText(folder.At(twice)).Replace("5432", "5433", StringComparison.Ordinal));
        var run = await MigratorRun.OfAsync(
            "policies", "explain", "--from", folder.Path, "--source", "shop/web", "--destination", "shop/db", "--port", "80", "--engine", "antrea");
        run.VerifyRefused(subject, "again.yaml", twice, "with different content");
    }

    [TestCase("labels: {app: db}", "labels: {app: db, version: 1}", "metadata.labels[version]")]
    [TestCase("podIPs: [{ip: 10.10.200.67}]", "podIPs: [{ip: 10.10.200.67}, {ip: 7}]", "status.podIPs[1].ip")]
    public async Task A_wrong_value_beside_good_ones_is_named_by_file_document_and_field(string text, string replacement, string field)
    {
        using var folder = new TemporaryFolder();
        folder.Write("pods.yaml", Shop.Replace(text, replacement, StringComparison.Ordinal));
        var run = await MigratorRun.OfAsync("policies", "convert", "--from", folder.At("pods.yaml"), "--to", folder.At("out"));
        run.VerifyRefused("pods.yaml", "(document 3)", "Pod/shop/db", $"field '{field}'");
        Assert.That(Directory.Exists(folder.At("out")), Is.False);
    }

    [Test]
    public async Task A_Node_reaches_its_own_Pod_in_both_engines()
    {
        using var folder = WithShop();
        folder.Write("node.yaml", "apiVersion: v1\nkind: Node\nmetadata: {name: b}\nspec: {podCIDR: 10.20.9.0/24}\nstatus: {addresses: [{type: InternalIP, address: 172.30.0.9}]}\n");
        foreach (var engine in new[] { "calico", "antrea" })
        {
            var run = await MigratorRun.OfAsync(
                "policies", "explain", "--from", folder.Path, "--source", "172.30.0.9", "--destination", "shop/db", "--port", "80", "--engine", engine);
            Assert.That((run.ExitCode, run.Error), Is.EqualTo((ExitCodes.Success, "")));
            Assert.That(run.Output, Does.Contain("Node b reaches its own Pods").And.Contain("TCP 80: Allow"));
        }
    }

    [Test]
    public async Task Bad_input_is_named_by_file_document_and_nothing_is_written()
    {
        using var folder = WithShop();
        folder.Write("broken.yaml", "apiVersion: v1\nkind: Pod\n---\nkind: [\n");
        var run = await MigratorRun.OfAsync("policies", "convert", "--from", folder.At("cluster.yaml"), folder.At("broken.yaml"), "--to", folder.At("out"));
        run.VerifyRefused("broken.yaml", "document 1", "document 2");
        Assert.That(Directory.Exists(folder.At("out")), Is.False);
    }

    [TestCase("shop/web", "shop/db", "--port 5432", "Allow")]
    [TestCase("shop/web", "shop/db", "--port 80", "Deny")]
    [TestCase("10.10.200.66", "shop/db", "--port 5432", "Allow")]
    [TestCase("203.0.113.7", "shop/db", "--port 5432", "Deny")]
    [TestCase("shop/db", "shop/web", "--port 80", "Allow")]
    [TestCase("shop/web", "shop/db", "--protocol icmp", "Deny")]
    [TestCase("shop/db", "203.0.113.7", "--protocol icmp:3/1", "Allow")]
    [TestCase("shop/db", "203.0.113.7", "--protocol 47", "Allow")]
    public async Task Both_engines_explain_a_flow_alike(string source, string destination, string rest, string expected)
    {
        using var folder = WithShop();
        string[] arguments =
            ["policies", "explain", "--from", folder.At("cluster.yaml"), "--source", source, "--destination", destination, .. rest.Split(' '), "-o", "json"];
        var calico = await MigratorRun.OfAsync(arguments);
        var antrea = await MigratorRun.OfAsync([.. arguments, "--engine", "antrea"]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That((calico.ExitCode, calico.Error), Is.EqualTo((ExitCodes.Success, "")));
            Assert.That((antrea.ExitCode, antrea.Error), Is.EqualTo((ExitCodes.Success, "")));
            Assert.That(calico.Json["verdict"]!.ToString(), Is.EqualTo(expected));
            Assert.That(antrea.Json["verdict"]!.ToString(), Is.EqualTo(expected));
            Assert.That(antrea.Json["policies"]!.ToString(), Does.Contain("converted"));
            Assert.That(calico.Json["ingress"]!["steps"]!.AsArray(), Is.Not.Empty);
        }
    }

    [Test]
    public async Task An_explanation_reads_step_by_step()
    {
        using var folder = WithShop();
        folder.Write("antrea.yaml", ByHand);
        string[] flow = ["--source", "shop/web", "--destination", "shop/db", "--port", "80"];
        var calico = await MigratorRun.OfAsync(["policies", "explain", "--from", folder.At("cluster.yaml"), .. flow]);
        var antrea = await MigratorRun.OfAsync(["policies", "explain", "--from", folder.Path, .. flow, "--engine", "antrea"]);
        Assert.That((calico.ExitCode, antrea.ExitCode), Is.EqualTo((ExitCodes.Success, ExitCodes.Success)));
        Approval.Verify($"{calico.Output}\n{antrea.Output}", "Explain");
    }

    [TestCase("--source shop/ghost --destination shop/db --port 80", "'shop/ghost'")]
    [TestCase("--source shop/web --destination 2001:db8::7 --port 80", "same family")]
    [TestCase("--source shop/web --destination shop/db", "--port is needed")]
    [TestCase("--source shop/web --destination shop/db --protocol icmp --port 80", "--port goes with")]
    [TestCase("--source shop/web --destination shop/db --port 0", "--port is '0'")]
    [TestCase("--source shop/web --destination shop/db --protocol icmp:256", "--protocol is 'icmp:256'")]
    [TestCase("--source shop/web --destination shop/db --protocol gre", "--protocol is 'gre'")]
    [TestCase("--source shop/web --destination shop/db --port 80 --calico-version 3", "--calico-version is '3'")]
    public async Task A_flow_that_makes_no_sense_is_bad_usage(string arguments, string fault)
    {
        using var folder = WithShop();
        var run = await MigratorRun.OfAsync(["policies", "explain", "--from", folder.At("cluster.yaml"), .. arguments.Split(' ')]);
        run.VerifyRefused(fault);
    }

    private static TemporaryFolder WithShop(string more = "")
    {
        var folder = new TemporaryFolder();
        folder.Write("cluster.yaml", SmallCluster.Text() + Shop + more);
        return folder;
    }
}
