using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Tests.Policies;

/// <summary>Which packets one rule of Calico's matches, field by field. Each case is the only Allow rule of a policy that governs everything there is.</summary>
public sealed class CalicoRuleTests
{
    private const string Sets = """
        {apiVersion: crd.projectcalico.org/v1, kind: NetworkSet, metadata: {name: near, namespace: shop, labels: {net: near}}, spec: {nets: [192.0.2.0/24, 'fd02::/64']}}
        ---
        {apiVersion: crd.projectcalico.org/v1, kind: GlobalNetworkSet, metadata: {name: far, labels: {net: far}}, spec: {nets: [198.51.100.77/24, 10.1.1.30]}}
        ---
        {apiVersion: crd.projectcalico.org/v1, kind: HostEndpoint, metadata: {name: n1, labels: {host: 'yes'}}, spec: {node: n1, expectedIPs: [172.18.0.2], profiles: [projectcalico-default-allow], ports: [{name: ssh, protocol: TCP, port: 22}]}}
        """;

    private const string Any = "203.0.113.7 > shop/web TCP 80";
    private const string FromTool = "dev/tool > shop/web TCP 80";
    private const string FromTool6 = "fd01::30 > shop/web TCP 80";
    private const string FromNear = "192.0.2.9 > shop/web TCP 80";
    private const string FromFar = "198.51.100.9 > shop/web TCP 80";
    private const string FromHost = "172.18.0.2 > shop/web TCP 80";
    private const string FromDb = "shop/db > shop/web TCP 80";

    // Protocols and families.
    [TestCase("", Any, true)]
    [TestCase("protocol: TCP", Any, true)]
    [TestCase("protocol: tcp", Any, true)]
    [TestCase("protocol: 6", Any, true)]
    [TestCase("protocol: UDP", Any, false)]
    [TestCase("protocol: 47", "203.0.113.7 > shop/web 47", true)]
    [TestCase("protocol: UDPLite", "203.0.113.7 > shop/web 136", true)]
    [TestCase("notProtocol: TCP", Any, false)]
    [TestCase("notProtocol: TCP", "203.0.113.7 > shop/web 47", true)]
    [TestCase("protocol: TCP, notProtocol: 6", Any, false)]
    [TestCase("ipVersion: 4", Any, true)]
    [TestCase("ipVersion: 6", Any, false)]
    [TestCase("ipVersion: 6", FromTool6, true)]
    [TestCase("protocol: ICMP", "203.0.113.7 > shop/web ICMP 8/0", true)]
    [TestCase("protocol: ICMPv6", "fd01::30 > shop/web ICMPv6 128/0", true)]
    [TestCase("protocol: ICMPv6", "203.0.113.7 > shop/web 58", false)]
    [TestCase("protocol: 58", "203.0.113.7 > shop/web 58", true)]
    [TestCase("notProtocol: ICMPv6", Any, true)]

    // ICMP.
    [TestCase("protocol: ICMP, icmp: {type: 8}", "203.0.113.7 > shop/web ICMP 8/3", true)]
    [TestCase("protocol: ICMP, icmp: {type: 8}", "203.0.113.7 > shop/web ICMP 0/0", false)]
    [TestCase("protocol: ICMP, icmp: {type: 3, code: 1}", "203.0.113.7 > shop/web ICMP 3/1", true)]
    [TestCase("protocol: ICMP, icmp: {type: 3, code: 1}", "203.0.113.7 > shop/web ICMP 3/4", false)]
    [TestCase("protocol: ICMP, notICMP: {type: 8}", "203.0.113.7 > shop/web ICMP 8/0", false)]
    [TestCase("protocol: ICMP, notICMP: {type: 8}", "203.0.113.7 > shop/web ICMP 0/0", true)]
    [TestCase("protocol: ICMP, notICMP: {}", "203.0.113.7 > shop/web ICMP 8/0", true)]
    [TestCase("icmp: {}", Any, true)]

    // Networks.
    [TestCase("source: {nets: [203.0.113.0/24, 'fd00::/8']}", Any, true)]
    [TestCase("source: {nets: [203.0.113.7]}", Any, true)]
    [TestCase("source: {nets: [203.0.113.200/24]}", Any, true)]
    [TestCase("source: {nets: [203.0.112.0/24]}", Any, false)]
    [TestCase("source: {nets: ['fd00::/8']}", Any, false)]
    [TestCase("source: {notNets: [203.0.113.0/24]}", Any, false)]
    [TestCase("source: {notNets: [203.0.112.0/24]}", Any, true)]
    [TestCase("source: {notNets: ['fd00::/8']}", Any, false)]
    [TestCase("source: {notNets: ['fd00::/8']}", FromTool6, false)]
    [TestCase("source: {notNets: ['fd09::/16']}", FromTool6, true)]
    [TestCase("source: {notNets: ['fd00::/8', 203.0.112.0/24]}", Any, true)]
    [TestCase("source: {notNets: [0.0.0.0/0]}", Any, false)]
    [TestCase("source: {nets: [203.0.113.0/24], notNets: [203.0.113.0/29]}", Any, false)]
    [TestCase("source: {nets: [203.0.113.0/24], notNets: [203.0.113.0/30]}", Any, true)]
    [TestCase("destination: {notNets: ['fd00::/8']}", Any, false)]
    [TestCase("destination: {nets: [10.1.0.10/32]}", Any, true)]
    [TestCase("source: {selector: \"app == 'web'\", nets: [10.1.2.0/24]}", FromTool, false)]

    // Selectors meet addresses, not objects.
    [TestCase("source: {selector: \"app == 'web'\"}", FromTool, true)]
    [TestCase("source: {selector: \"net == 'far'\"}", FromTool, true)]
    [TestCase("source: {selector: \"net == 'far'\"}", FromFar, true)]
    [TestCase("source: {selector: \"net == 'far'\"}", FromDb, false)]
    [TestCase("source: {selector: \"host == 'yes'\"}", FromHost, true)]
    [TestCase("source: {selector: '!has(app)'}", FromTool, true)]
    [TestCase("source: {selector: '!has(app)'}", Any, false)]
    [TestCase("source: {selector: all()}", Any, false)]
    [TestCase("source: {selector: all()}", FromHost, true)]
    [TestCase("source: {notSelector: has(app)}", Any, true)]
    [TestCase("source: {notSelector: has(app)}", FromTool, false)]
    [TestCase("source: {notSelector: \"net == 'far'\"}", FromTool, false)]
    [TestCase("source: {notSelector: \"net == 'far'\"}", FromDb, true)]
    [TestCase("source: {selector: has(app), notSelector: \"net == 'far'\"}", FromTool, true)]
    [TestCase("source: {selector: has(app), notSelector: \"app == 'db'\"}", FromDb, false)]
    [TestCase("source: {namespaceSelector: \"env == 'dev'\"}", FromTool, true)]
    [TestCase("source: {namespaceSelector: \"env == 'prod'\"}", FromNear, true)]
    [TestCase("source: {namespaceSelector: \"env == 'prod'\"}", "fd02::1 > shop/web TCP 80", true)]
    [TestCase("source: {namespaceSelector: \"env == 'prod'\"}", FromFar, false)]
    [TestCase("source: {namespaceSelector: \"projectcalico.org/name == 'dev'\"}", FromTool, true)]
    [TestCase("source: {namespaceSelector: \"kubernetes.io/metadata.name == 'dev'\"}", FromTool, true)]
    [TestCase("source: {namespaceSelector: all()}", FromFar, false)]
    [TestCase("source: {namespaceSelector: all()}", FromNear, true)]
    [TestCase("source: {namespaceSelector: all()}", FromHost, false)]
    [TestCase("source: {namespaceSelector: global()}", FromFar, true)]
    [TestCase("source: {namespaceSelector: global()}", FromHost, true)]
    [TestCase("source: {namespaceSelector: global()}", FromNear, false)]
    [TestCase("source: {namespaceSelector: global()}", Any, false)]
    [TestCase("source: {namespaceSelector: \"env != 'dev'\"}", FromHost, true)]
    [TestCase("source: {selector: \"pcns.env == 'dev'\"}", FromTool, true)]
    [TestCase("source: {selector: \"projectcalico.org/namespace == 'dev'\"}", FromTool, true)]
    [TestCase("source: {selector: \"projectcalico.org/orchestrator == 'k8s'\"}", FromNear, false)]
    [TestCase("destination: {selector: \"app == 'web'\"}", FromDb, true)]
    [TestCase("destination: {selector: \"app == 'db'\"}", FromDb, false)]

    // Service accounts.
    [TestCase("source: {serviceAccounts: {names: [web]}}", "shop/web > shop/db TCP 80", true)]
    [TestCase("source: {serviceAccounts: {names: [none, web]}}", FromDb, false)]
    [TestCase("source: {serviceAccounts: {names: [default]}}", FromTool, true)]
    [TestCase("source: {serviceAccounts: {selector: \"role == 'front'\"}}", "shop/web > shop/db TCP 80", true)]
    [TestCase("source: {serviceAccounts: {selector: \"role == 'front'\"}}", FromDb, false)]
    [TestCase("source: {serviceAccounts: {selector: \"role == 'front'\", names: [default]}}", "shop/web > shop/db TCP 80", false)]
    [TestCase("source: {serviceAccounts: {names: [web]}, selector: \"app == 'db'\"}", "shop/web > shop/db TCP 80", false)]
    [TestCase("source: {serviceAccounts: {selector: \"role != 'front'\"}}", FromFar, true)]
    [TestCase("source: {serviceAccounts: {selector: all()}}", FromHost, true)]
    [TestCase("source: {serviceAccounts: {}}", Any, true)]
    [TestCase("source: {serviceAccounts: {names: []}}", Any, true)]

    // Ports.
    [TestCase("protocol: TCP, destination: {ports: [80]}", Any, true)]
    [TestCase("protocol: TCP, destination: {ports: ['79:80']}", Any, true)]
    [TestCase("protocol: TCP, destination: {ports: ['81:90', 443]}", Any, false)]
    [TestCase("protocol: TCP, destination: {notPorts: [80]}", Any, false)]
    [TestCase("protocol: TCP, destination: {notPorts: ['81:90']}", Any, true)]
    [TestCase("protocol: TCP, destination: {ports: ['1:100'], notPorts: [80]}", Any, false)]
    [TestCase("protocol: TCP, source: {ports: ['1000:2000']}", "203.0.113.7 > shop/web TCP 1500:80", true)]
    [TestCase("protocol: TCP, source: {ports: [80]}", Any, false)]
    [TestCase("protocol: TCP, source: {notPorts: [40000]}", Any, false)]
    [TestCase("protocol: TCP, destination: {ports: [http]}", "203.0.113.7 > shop/web TCP 8080", true)]
    [TestCase("protocol: UDP, destination: {ports: [http]}", "203.0.113.7 > shop/web UDP 8080", false)]
    [TestCase("protocol: TCP, destination: {ports: [http], selector: \"app == 'db'\"}", "203.0.113.7 > shop/web TCP 8080", false)]
    [TestCase("protocol: TCP, destination: {notPorts: [http]}", "203.0.113.7 > shop/web TCP 8080", false)]
    [TestCase("protocol: TCP, destination: {notPorts: [http]}", "203.0.113.7 > shop/db TCP 8080", true)]
    [TestCase("protocol: TCP, source: {ports: [http]}", "shop/web > shop/db TCP 8080:80", true)]
    [TestCase("protocol: TCP, source: {ports: [ssh]}", "172.18.0.2 > shop/db TCP 22:80", true)]
    [TestCase("protocol: TCP, source: {ports: [ssh], namespaceSelector: all()}", "172.18.0.2 > shop/db TCP 22:80", false)]
    [TestCase("protocol: TCP, source: {ports: [http], nets: [10.1.1.0/24]}", "shop/web > shop/db TCP 8080:80", false)]
    public void Evaluate_OneRule_MatchesTheseFlows(string rule, string flow, bool expected)
    {
        var spec = $"{{types: [Ingress], ingress: [{{action: Allow{(rule.Length > 0 ? ", " : "")}{rule}}}]}}";
        var verdict = new CalicoCase("v3.26.1", Sets, CalicoCase.Policy("v3.26.1", "GlobalNetworkPolicy", "p", spec)).Evaluate(flow);
        Assert.That(verdict.Kind, Is.EqualTo(expected ? VerdictKind.Allow : VerdictKind.Deny), verdict.ToString());
    }

    [TestCase("{nets: [192.0.2.0/24]}", FromNear, true)]
    [TestCase("{selector: \"net == 'near'\"}", FromNear, true)]
    [TestCase("{selector: \"net == 'far'\"}", FromFar, false)]
    [TestCase("{selector: \"app == 'web'\"}", FromTool, false)]
    [TestCase("{notSelector: \"app == 'db'\"}", FromNear, true)]
    [TestCase("{notSelector: \"app == 'db'\"}", Any, false)]
    [TestCase("{serviceAccounts: {names: [default]}}", FromTool, false)]
    [TestCase("{serviceAccounts: {names: [default]}}", FromDb, true)]
    [TestCase("{serviceAccounts: {}}", Any, true)]
    [TestCase("{serviceAccounts: {selector: \"role == 'front'\"}, namespaceSelector: \"env == 'dev'\"}", "shop/web > shop/web TCP 80", false)]
    [TestCase("{namespaceSelector: all()}", FromTool, true)]
    [TestCase("{namespaceSelector: global()}", FromTool, true)]
    public void Evaluate_RuleOfANetworkPolicy_IsBoundToItsNamespaceBySelectorsOnly(string source, string flow, bool expected)
    {
        var verdict = new CalicoCase(
            "v3.26.1", Sets, CalicoCase.Policy("v3.26.1", "NetworkPolicy", "p", $"{{types: [Ingress], ingress: [{{action: Allow, source: {source}}}]}}")).Evaluate(flow);
        Assert.That(verdict.Kind, Is.EqualTo(expected ? VerdictKind.Allow : VerdictKind.Deny), verdict.ToString());
    }

    [TestCase("v3.29.4", false)]
    [TestCase("v3.30.0", true)]
    public void Evaluate_NamedPortOfAnInitContainer_CountsFrom330(string version, bool expected) => Assert.That(
        new CalicoCase(version, CalicoCase.Policy(version, "NetworkPolicy", "p", "{types: [Ingress], ingress: [{action: Allow, protocol: UDP, destination: {ports: [setup]}}]}"))
            .Evaluate("203.0.113.7 > shop/web UDP 9999").IsAllowed,
        Is.EqualTo(expected));

    [Test]
    public void Evaluate_NamedPortsWithoutProtocol_MeanWhatThePodDeclares()
    {
        var cluster = new CalicoCase("v3.32.0", CalicoCase.Policy("v3.32.0", "NetworkPolicy", "p", "{types: [Ingress], ingress: [{action: Allow, destination: {ports: [setup]}}]}"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(cluster.Evaluate("203.0.113.7 > shop/web UDP 9999").IsAllowed, Is.True);
            Assert.That(cluster.Evaluate("203.0.113.7 > shop/web TCP 9999").IsAllowed, Is.False);
        }
    }

    [TestCase("podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]", FromTool, "end of tier default → Deny")]
    [TestCase("podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{namespaceSelector: {}}]}]", FromTool, "tier default / Kubernetes NetworkPolicy shop/k ingress rule 1 → Allow")]
    [TestCase("podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{namespaceSelector: {}}]}]", FromNear, "end of tier default → Deny")]
    [TestCase("podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: env, operator: NotIn, values: [prod]}]}}]}]", FromFar, "end of tier default → Deny")]
    [TestCase("podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{ipBlock: {cidr: 10.1.0.0/16, except: [10.1.1.0/24]}}]}]", FromDb, "tier default / Kubernetes NetworkPolicy shop/k ingress rule 1 → Allow")]
    [TestCase("podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{ipBlock: {cidr: 10.1.0.0/16, except: [10.1.1.0/24]}}]}]", FromTool, "end of tier default → Deny")]
    [TestCase("podSelector: {}, policyTypes: [Ingress], ingress: [{ports: [{port: 79, endPort: 81}, {port: http}]}]", Any, "tier default / Kubernetes NetworkPolicy shop/k ingress rule 1 → Allow")]
    [TestCase("podSelector: {}, policyTypes: [Ingress], ingress: [{ports: [{port: http}]}]", "203.0.113.7 > shop/web TCP 8080", "tier default / Kubernetes NetworkPolicy shop/k ingress rule 1 → Allow")]
    [TestCase("podSelector: {}, policyTypes: [Ingress], ingress: [{ports: [{port: http}]}]", "203.0.113.7 > shop/db TCP 8080", "end of tier default → Deny")]
    [TestCase("podSelector: {}, policyTypes: [Ingress], ingress: [{ports: [{protocol: UDP}]}]", Any, "end of tier default → Deny")]
    [TestCase("podSelector: {}, policyTypes: [Ingress], ingress: [{ports: [{protocol: TCP}, {port: 443}]}]", Any, "tier default / Kubernetes NetworkPolicy shop/k ingress rule 1 → Allow")]
    [TestCase("podSelector: {}, egress: [{}]", "egress: shop/web > shop/db TCP 80", "no tier governs; profile kns.shop → Allow")]
    [TestCase("podSelector: {matchLabels: {projectcalico.org/namespace: shop}}, policyTypes: [Ingress]", Any, "end of tier default → Deny")]
    [TestCase("podSelector: {matchExpressions: [{key: app, operator: In, values: [db]}]}, policyTypes: [Ingress]", Any, "no tier governs; profile kns.shop → Allow")]
    public void Evaluate_KubernetesPolicy_IsWhatCalicoMakesOfIt(string spec, string flow, string expected) => Assert.That(
        new CalicoCase("v3.26.1", Sets, $"{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: k, namespace: shop}}, spec: {{{spec}}}}}")
            .Evaluate(flow).ToString(),
        Is.EqualTo(expected));
}
