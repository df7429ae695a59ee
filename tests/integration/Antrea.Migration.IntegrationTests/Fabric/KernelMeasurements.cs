namespace Antrea.Migration.IntegrationTests.Fabric;

/// <summary>What the Linux kernel did with the same clusters, built of network namespaces, real routes and iptables.</summary>
/// <remarks>
/// <para>Measured on kernel 6.18, one HTTP request a pair with 4 s of patience, after one warm-up datagram a Pod. A line is a
/// client; its letters are the servers in the topology's order, a Multus Pod's Calico address before its Antrea one.</para>
/// <para>Delivered, and the server saw: <c>c</c> the client's Calico address, <c>a</c> its Antrea address, <c>t</c> the
/// tunnel address of the client's Node, <c>n</c> the address of the client's Node, <c>s</c> the address of the server's
/// Node, <c>g</c> the antrea-gw0 address of the client's Node. <c>w</c>: another Pod answered. <c>x</c>: timeout,
/// <c>h</c>: EHOSTUNREACH, <c>r</c>: ECONNREFUSED, <c>-</c>: the client itself.</para>
/// </remarks>
internal static class KernelMeasurements
{
    /// <summary>Blocks that overlap nothing (n1, n2, n4), a third Node's PodCIDR (n3, n5) and their own Node's (n6).</summary>
    public const string Small =
        """
        node n1 172.18.0.11 10.10.39.192/26 10.10.1.0/24
        node n2 172.18.0.12 10.10.72.0/26 10.10.2.0/24
        node n3 172.18.0.13 10.10.4.128/26 10.10.3.0/24
        node n4 172.18.0.14 10.10.129.192/26 10.10.4.0/24
        node n5 172.18.0.15 10.10.1.64/26 10.10.5.0/24
        node n6 172.18.0.16 10.10.6.128/26 10.10.6.0/24
        pod n1c n1 calico 10.10.39.193 -
        pod n1a n1 antrea - 10.10.1.2
        pod n1m n1 multus 10.10.39.194 10.10.1.3
        pod n2c n2 calico 10.10.72.1 -
        pod n2a n2 antrea - 10.10.2.2
        pod n2b n2 antrea - 10.10.2.4
        pod n2m n2 multus 10.10.72.2 10.10.2.3
        pod n3c n3 calico 10.10.4.129 -
        pod n3a n3 antrea - 10.10.3.2
        pod n3m n3 multus 10.10.4.130 10.10.3.3
        pod n4c n4 calico 10.10.129.193 -
        pod n4a n4 antrea - 10.10.4.2
        pod n4m n4 multus 10.10.129.194 10.10.4.3
        pod n5c n5 calico 10.10.1.65 -
        pod n5a n5 antrea - 10.10.5.2
        pod n6c n6 calico 10.10.6.129 -
        pod n6d n6 calico 10.10.6.131 -
        pod n6a n6 antrea - 10.10.6.2
        pod n6m n6 multus 10.10.6.130 10.10.6.3
        """;

    /// <summary>n7's block holds the addresses of n2's gateway and of its Antrea Pods.</summary>
    public const string Clash =
        """
        node n1 172.18.0.11 10.10.39.192/26 10.10.1.0/24
        node n2 172.18.0.12 10.10.72.0/26 10.10.2.0/24
        node n7 172.18.0.17 10.10.2.0/26 10.10.7.0/24
        pod n1c n1 calico 10.10.39.193 -
        pod n1a n1 antrea - 10.10.1.2
        pod n2c n2 calico 10.10.72.1 -
        pod n2a n2 antrea - 10.10.2.2
        pod n2b n2 antrea - 10.10.2.4
        pod n2z n2 antrea - 10.10.2.200
        pod n7g n7 calico 10.10.2.1 -
        pod n7c n7 calico 10.10.2.2 -
        pod n7a n7 antrea - 10.10.7.2
        """;

    /// <summary>PodCIDRs shorter than the block around them: the routing table prefers the PodCIDR.</summary>
    public const string Nested =
        """
        node n1 172.18.0.11 10.10.39.192/26 10.10.1.0/27
        node n2 172.18.0.12 10.10.72.0/26 10.10.2.0/27
        node n3 172.18.0.13 10.10.1.0/26 10.10.3.0/27
        pod n1c n1 calico 10.10.39.193 -
        pod n1a n1 antrea - 10.10.1.2
        pod n2c n2 calico 10.10.72.1 -
        pod n2a n2 antrea - 10.10.2.2
        pod n3c n3 calico 10.10.1.9 -
        pod n3d n3 calico 10.10.1.40 -
        pod n3a n3 antrea - 10.10.3.2
        """;

    /// <summary>For pools that cover the PodCIDRs of n1 and n2, and not that of n3.</summary>
    public const string PartlyCovered =
        """
        node n1 172.18.0.11 10.20.39.192/26 10.10.0.0/24
        node n2 172.18.0.12 10.20.72.0/26 10.10.1.0/24
        node n3 172.18.0.13 10.20.4.128/26 10.10.2.0/24
        pod n1c n1 calico 10.20.39.193 -
        pod n1a n1 antrea - 10.10.0.2
        pod n2a n2 antrea - 10.10.1.2
        pod n2m n2 multus 10.20.72.2 10.10.1.3
        pod n3c n3 calico 10.20.4.129 -
        pod n3a n3 antrea - 10.10.2.2
        """;

    /// <summary>Calico's pool covers no PodCIDR and has natOutgoing.</summary>
    public const string Disjoint =
        """
        node n1 172.18.0.11 192.168.39.192/26 10.10.1.0/24
        node n2 172.18.0.12 192.168.72.0/26 10.10.2.0/24
        pod n1c n1 calico 192.168.39.193 -
        pod n1a n1 antrea - 10.10.1.2
        pod n1m n1 multus 192.168.39.194 10.10.1.3
        pod n2c n2 calico 192.168.72.1 -
        pod n2a n2 antrea - 10.10.2.2
        pod n2m n2 multus 192.168.72.2 10.10.2.3
        """;

    /// <summary>A Calico Pod has the last address of n2's PodCIDR.</summary>
    public const string LastAddress =
        """
        node n1 172.18.0.11 10.10.2.192/26 10.10.1.0/24
        node n2 172.18.0.12 10.10.72.0/26 10.10.2.0/24
        node n3 172.18.0.13 10.10.73.0/26 10.10.3.0/24
        pod last n1 calico 10.10.2.255 -
        pod next n1 calico 10.10.2.254 -
        pod c2 n2 calico 10.10.72.1 -
        pod c3 n3 calico 10.10.73.1 -
        """;

    /// <summary>Multus V1. The same came out under rp_filter 0, 1 and 2, and without the INVALID rules.</summary>
    public const string SmallRule =
        """
        n1c  -ccccxxcxcxcxcxcxcxccxcx
        n1a  n-nataataxaxatatahaxxaxa
        n1m  na--taataxaxatatahaxxaxa
        n2c  cxcx-cccccxcxcxcxcxccxcx
        n2a  tatan-anaxaxatataxaxxaxa
        n2b  tatana-naxaxatataxaxxaxa
        n2m  tatanaa--xaxatataxaxxaxa
        n3c  cxcxcxxcx-cccsxsxcxccxcx
        n3a  tatataatax-xasasaxaxxaxa
        n3m  tatataataxa--sasaxaxxaxa
        n4c  cxcxcxxcxcxcx-ccccxccxcx
        n4a  tatataatahahan-naxaxxaxa
        n4m  tatataatahahana--xaxxaxa
        n5c  sxsxcxxcxcxcxcxcx-cccxcx
        n5a  sasataataxaxatatax-xxaxa
        n6c  tctctcctccccctctccc-cxcx
        n6d  tctctcctccccctctcccc-xcx
        n6a  tatataataxaxatataxahh-ha
        n6m  tatataataxaxatataxahha--
        """;

    /// <summary>Multus with the PodCIDRs by net1 and no rule.</summary>
    public const string SmallRoutes =
        """
        n1c  -ccxcxxcxcxcxcxcxcxccxcx
        n1a  n-nataataxaxatatahaxxaxa
        n1m  ca--caacaxaxacacahaxxaxa
        n2c  cxcx-cccxcxcxcxcxcxccxcx
        n2a  tatan-anaxaxatataxaxxaxa
        n2b  tatana-naxaxatataxaxxaxa
        n2m  cacacaa--xaxacacaxaxxaxa
        n3c  cxxxcxxxx-cxcsxsxcxccxxx
        n3a  taxataaxax-xasasaxaxxaxa
        n3m  caxacaaxaxa--sasaxaxxaxa
        n4c  cxcxcxxcxcxcx-ccxcxccxcx
        n4a  tatataatahahan-naxaxxaxa
        n4m  cacacaacahahaca--xaxxaxa
        n5c  sxsxcxxxxcxxxcxxx-cccxxx
        n5a  sasataaxaxaxataxax-xxaxa
        n6c  tcxctccxcccxctcxccc-cxxx
        n6d  tcxctccxcccxctcxcccc-xxx
        n6a  taxataaxaxaxataxaxahh-ha
        n6m  taxataaxaxaxataxaxahha--
        """;

    /// <summary>Multus with the default route by net1 only.</summary>
    public const string SmallNet1 =
        """
        n1c  -cxccxxxxcxxxcxxxcxccxxx
        n1a  n-xataaxaxaxataxahaxxaxa
        n1m  na--taaxaxaxataxahaxxaxa
        n2c  cxxx-ccxccxxxcxxxcxccxxx
        n2a  taxan-axaxaxataxaxaxxaxa
        n2b  taxana-xaxaxataxaxaxxaxa
        n2m  taxanaa--xaxataxaxaxxaxa
        n3c  cxxxcxxxx-cxcsxxxcxccxxx
        n3a  taxataaxax-xasaxaxaxxaxa
        n3m  taxataaxaxa--saxaxaxxaxa
        n4c  cxxxcxxxxcxxx-cxccxccxxx
        n4a  taxataaxahahan-xaxaxxaxa
        n4m  taxataaxahahana--xaxxaxa
        n5c  sxxxcxxxxcxxxcxxx-cccxxx
        n5a  saxataaxaxaxataxax-xxaxa
        n6c  tcxctccxcccxctcxccc-cxxx
        n6d  tcxctccxcccxctcxcccc-xxx
        n6a  taxataaxaxaxataxaxahh-ha
        n6m  taxataaxaxaxataxaxahha--
        """;

    /// <summary>Multus with the default route by eth0 only.</summary>
    public const string SmallEth0 =
        """
        n1c  -ccxcxxcxcxcxcxcxcxccxcx
        n1a  n-nataatxxaxxtatxhaxxaxx
        n1m  ca--cxxcxcxcxcxcxhxccxcx
        n2c  cxcx-cccxcxcxcxcxcxccxcx
        n2a  tatxn-anaxaxxtatxxaxxaxx
        n2b  tatxna-naxaxxtatxxaxxaxx
        n2m  cxcxcaa--cxcxcxcxcxccxcx
        n3c  cxcxcxxcx-ccxsxsxcxccxcx
        n3a  tatxtaatxx-xasasxxaxxaxx
        n3m  cxcxcxxcxca--sxsxcxccxcx
        n4c  cxcxcxxcxcxcx-ccxcxccxcx
        n4a  tatxtaatxhahxn-naxaxxaxx
        n4m  cxcxcxxcxhxhxca--cxccxcx
        n5c  sxsxcxxcxcxcxcxcx-cccxcx
        n5a  sasxtaatxxaxxtatxx-xxaxx
        n6c  tctxtcctxcccxtctxcc-cxxx
        n6d  tctxtcctxcccxtctxccc-xxx
        n6a  tatxtaatxxaxxtatxxahh-ha
        n6m  tctxtcctxcccxtctxcchha--
        """;

    /// <summary>Multus with what the sbr plugin leaves.</summary>
    public const string SmallSbr =
        """
        n1c  -ccccxxcxcxcxcxcxcxccxcx
        n1a  n-nataataxaxatatahaxxaxa
        n1m  cc--cxxcxcxcxcxcxcxccxcx
        n2c  cxcx-cccccxcxcxcxcxccxcx
        n2a  tatan-anaxaxatataxaxxaxa
        n2b  tatana-naxaxatataxaxxaxa
        n2m  cxcxccc--cxcxcxcxcxccxcx
        n3c  cxcxcxxcx-cccsxsxcxccxcx
        n3a  tatataatax-xasasaxaxxaxa
        n3m  cxcxcxxcxcc--sxsxcxccxcx
        n4c  cxcxcxxcxcxcx-ccccxccxcx
        n4a  tatataatahahan-naxaxxaxa
        n4m  cxcxcxxcxcxcxcc--cxccxcx
        n5c  sxsxcxxcxcxcxcxcx-cccxcx
        n5a  sasataataxaxatatax-xxaxa
        n6c  tctctcctccccctctccc-cxcx
        n6d  tctctcctccccctctcccc-xcx
        n6a  tatataataxaxatataxahh-ha
        n6m  tctctcctccccctctcccccx--
        """;

    /// <summary>Both.</summary>
    public const string SmallSbrRoutes =
        """
        n1c  -ccccxxcxcxcxcxcxcxccxcx
        n1a  n-nataataxaxatatahaxxaxa
        n1m  ca--caacaxaxacacahaxxaxa
        n2c  cxcx-cccccxcxcxcxcxccxcx
        n2a  tatan-anaxaxatataxaxxaxa
        n2b  tatana-naxaxatataxaxxaxa
        n2m  cacacaa--xaxacacaxaxxaxa
        n3c  cxxxcxxxx-cxcsxsxcxccxxx
        n3a  taxataaxax-xasasaxaxxaxa
        n3m  caxacaaxaxa--sasaxaxxaxa
        n4c  cxcxcxxcxcxcx-ccccxccxcx
        n4a  tatataatahahan-naxaxxaxa
        n4m  cacacaacahahaca--xaxxaxa
        n5c  sxsxcxxxxcxxxcxxx-cccxxx
        n5a  sasataaxaxaxataxax-xxaxa
        n6c  tcxctccxcccxctcxccc-cxxx
        n6d  tcxctccxcccxctcxcccc-xxx
        n6a  taxataaxaxaxataxaxahh-ha
        n6m  taxataaxaxaxataxaxahha--
        """;

    /// <summary>The same came out under rp_filter 0, 1 and 2.</summary>
    public const string ClashRule =
        """
        n1c  -ccwxxccx
        n1a  n-taaarwa
        n2c  cx-wxcrcx
        n2a  xax-aaxwa
        n2b  xaxa-axwa
        n2z  tanaa-rwa
        n7g  cxxwxx-cc
        n7c  cxswxxc-c
        n7a  tasaaarw-
        """;

    /// <summary>Pods of the nested topology.</summary>
    public const string NestedRule =
        """
        n1c  -ccxhcx
        n1a  n-tahta
        n2c  cx-cxcx
        n2a  tan-xta
        n3c  xxxx-cc
        n3d  cxcxc-c
        n3a  xaxaxn-
        """;

    /// <summary>Everybody reaches everybody; Calico Pods are masqueraded towards Antrea's.</summary>
    public const string DisjointRule =
        """
        n1c  -gcgcgcg
        n1a  n-natata
        n1m  na--tata
        n2c  cgcg-gcg
        n2a  tatan-na
        n2m  tatana--
        """;
}
