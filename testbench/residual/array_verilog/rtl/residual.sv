// residual: written by qhls
/* verilator lint_off UNUSEDSIGNAL */  // rounding and overflow drop bits of wires
module residual (
  input wire clk,
  input wire signed [3:0] x_0_0_0,
  input wire signed [3:0] x_0_0_1,
  input wire signed [3:0] x_0_1_0,
  input wire signed [3:0] x_0_1_1,
  input wire signed [3:0] x_0_2_0,
  input wire signed [3:0] x_0_2_1,
  input wire signed [3:0] x_0_3_0,
  input wire signed [3:0] x_0_3_1,
  input wire signed [3:0] x_1_0_0,
  input wire signed [3:0] x_1_0_1,
  input wire signed [3:0] x_1_1_0,
  input wire signed [3:0] x_1_1_1,
  input wire signed [3:0] x_1_2_0,
  input wire signed [3:0] x_1_2_1,
  input wire signed [3:0] x_1_3_0,
  input wire signed [3:0] x_1_3_1,
  input wire signed [3:0] x_2_0_0,
  input wire signed [3:0] x_2_0_1,
  input wire signed [3:0] x_2_1_0,
  input wire signed [3:0] x_2_1_1,
  input wire signed [3:0] x_2_2_0,
  input wire signed [3:0] x_2_2_1,
  input wire signed [3:0] x_2_3_0,
  input wire signed [3:0] x_2_3_1,
  input wire signed [3:0] x_3_0_0,
  input wire signed [3:0] x_3_0_1,
  input wire signed [3:0] x_3_1_0,
  input wire signed [3:0] x_3_1_1,
  input wire signed [3:0] x_3_2_0,
  input wire signed [3:0] x_3_2_1,
  input wire signed [3:0] x_3_3_0,
  input wire signed [3:0] x_3_3_1,
  output wire [6:0] result_0,
  output wire [6:0] result_1
);
  // first.conv
  (* keep *) wire signed [4:0] first_conv_part_4 = 5'(x_0_0_0) - 5'(x_0_0_1);
  (* keep *) wire signed [4:0] first_conv_part_5 = 5'(x_0_0_0) + 5'(x_0_0_1);
  (* keep *) wire signed [7:0] first_conv_0_0_0 = {6'(first_conv_part_4), 2'd0} - 8'(first_conv_part_5);
  (* keep *) wire signed [5:0] first_conv_part_9 = {5'(x_0_0_1), 1'd0} - 6'(x_0_0_0);
  (* keep *) wire signed [7:0] first_conv_0_0_1 = 8'(first_conv_part_4) + {first_conv_part_9, 2'd0};
  (* keep *) wire signed [4:0] first_conv_part_12 = 5'(x_0_1_0) - 5'(x_0_1_1);
  (* keep *) wire signed [4:0] first_conv_part_13 = 5'(x_0_1_0) + 5'(x_0_1_1);
  (* keep *) wire signed [7:0] first_conv_0_1_0 = {6'(first_conv_part_12), 2'd0} - 8'(first_conv_part_13);
  (* keep *) wire signed [5:0] first_conv_part_17 = {5'(x_0_1_1), 1'd0} - 6'(x_0_1_0);
  (* keep *) wire signed [7:0] first_conv_0_1_1 = 8'(first_conv_part_12) + {first_conv_part_17, 2'd0};
  (* keep *) wire signed [4:0] first_conv_part_20 = 5'(x_0_2_0) - 5'(x_0_2_1);
  (* keep *) wire signed [4:0] first_conv_part_21 = 5'(x_0_2_0) + 5'(x_0_2_1);
  (* keep *) wire signed [7:0] first_conv_0_2_0 = {6'(first_conv_part_20), 2'd0} - 8'(first_conv_part_21);
  (* keep *) wire signed [5:0] first_conv_part_25 = {5'(x_0_2_1), 1'd0} - 6'(x_0_2_0);
  (* keep *) wire signed [7:0] first_conv_0_2_1 = 8'(first_conv_part_20) + {first_conv_part_25, 2'd0};
  (* keep *) wire signed [4:0] first_conv_part_28 = 5'(x_0_3_0) - 5'(x_0_3_1);
  (* keep *) wire signed [4:0] first_conv_part_29 = 5'(x_0_3_0) + 5'(x_0_3_1);
  (* keep *) wire signed [7:0] first_conv_0_3_0 = {6'(first_conv_part_28), 2'd0} - 8'(first_conv_part_29);
  (* keep *) wire signed [5:0] first_conv_part_33 = {5'(x_0_3_1), 1'd0} - 6'(x_0_3_0);
  (* keep *) wire signed [7:0] first_conv_0_3_1 = 8'(first_conv_part_28) + {first_conv_part_33, 2'd0};
  (* keep *) wire signed [4:0] first_conv_part_36 = 5'(x_1_0_0) - 5'(x_1_0_1);
  (* keep *) wire signed [4:0] first_conv_part_37 = 5'(x_1_0_0) + 5'(x_1_0_1);
  (* keep *) wire signed [7:0] first_conv_1_0_0 = {6'(first_conv_part_36), 2'd0} - 8'(first_conv_part_37);
  (* keep *) wire signed [5:0] first_conv_part_41 = {5'(x_1_0_1), 1'd0} - 6'(x_1_0_0);
  (* keep *) wire signed [7:0] first_conv_1_0_1 = 8'(first_conv_part_36) + {first_conv_part_41, 2'd0};
  (* keep *) wire signed [4:0] first_conv_part_44 = 5'(x_1_1_0) - 5'(x_1_1_1);
  (* keep *) wire signed [4:0] first_conv_part_45 = 5'(x_1_1_0) + 5'(x_1_1_1);
  (* keep *) wire signed [7:0] first_conv_1_1_0 = {6'(first_conv_part_44), 2'd0} - 8'(first_conv_part_45);
  (* keep *) wire signed [5:0] first_conv_part_49 = {5'(x_1_1_1), 1'd0} - 6'(x_1_1_0);
  (* keep *) wire signed [7:0] first_conv_1_1_1 = 8'(first_conv_part_44) + {first_conv_part_49, 2'd0};
  (* keep *) wire signed [4:0] first_conv_part_52 = 5'(x_1_2_0) - 5'(x_1_2_1);
  (* keep *) wire signed [4:0] first_conv_part_53 = 5'(x_1_2_0) + 5'(x_1_2_1);
  (* keep *) wire signed [7:0] first_conv_1_2_0 = {6'(first_conv_part_52), 2'd0} - 8'(first_conv_part_53);
  (* keep *) wire signed [5:0] first_conv_part_57 = {5'(x_1_2_1), 1'd0} - 6'(x_1_2_0);
  (* keep *) wire signed [7:0] first_conv_1_2_1 = 8'(first_conv_part_52) + {first_conv_part_57, 2'd0};
  (* keep *) wire signed [4:0] first_conv_part_60 = 5'(x_1_3_0) - 5'(x_1_3_1);
  (* keep *) wire signed [4:0] first_conv_part_61 = 5'(x_1_3_0) + 5'(x_1_3_1);
  (* keep *) wire signed [7:0] first_conv_1_3_0 = {6'(first_conv_part_60), 2'd0} - 8'(first_conv_part_61);
  (* keep *) wire signed [5:0] first_conv_part_65 = {5'(x_1_3_1), 1'd0} - 6'(x_1_3_0);
  (* keep *) wire signed [7:0] first_conv_1_3_1 = 8'(first_conv_part_60) + {first_conv_part_65, 2'd0};
  (* keep *) wire signed [4:0] first_conv_part_68 = 5'(x_2_0_0) - 5'(x_2_0_1);
  (* keep *) wire signed [4:0] first_conv_part_69 = 5'(x_2_0_0) + 5'(x_2_0_1);
  (* keep *) wire signed [7:0] first_conv_2_0_0 = {6'(first_conv_part_68), 2'd0} - 8'(first_conv_part_69);
  (* keep *) wire signed [5:0] first_conv_part_73 = {5'(x_2_0_1), 1'd0} - 6'(x_2_0_0);
  (* keep *) wire signed [7:0] first_conv_2_0_1 = 8'(first_conv_part_68) + {first_conv_part_73, 2'd0};
  (* keep *) wire signed [4:0] first_conv_part_76 = 5'(x_2_1_0) - 5'(x_2_1_1);
  (* keep *) wire signed [4:0] first_conv_part_77 = 5'(x_2_1_0) + 5'(x_2_1_1);
  (* keep *) wire signed [7:0] first_conv_2_1_0 = {6'(first_conv_part_76), 2'd0} - 8'(first_conv_part_77);
  (* keep *) wire signed [5:0] first_conv_part_81 = {5'(x_2_1_1), 1'd0} - 6'(x_2_1_0);
  (* keep *) wire signed [7:0] first_conv_2_1_1 = 8'(first_conv_part_76) + {first_conv_part_81, 2'd0};
  (* keep *) wire signed [4:0] first_conv_part_84 = 5'(x_2_2_0) - 5'(x_2_2_1);
  (* keep *) wire signed [4:0] first_conv_part_85 = 5'(x_2_2_0) + 5'(x_2_2_1);
  (* keep *) wire signed [7:0] first_conv_2_2_0 = {6'(first_conv_part_84), 2'd0} - 8'(first_conv_part_85);
  (* keep *) wire signed [5:0] first_conv_part_89 = {5'(x_2_2_1), 1'd0} - 6'(x_2_2_0);
  (* keep *) wire signed [7:0] first_conv_2_2_1 = 8'(first_conv_part_84) + {first_conv_part_89, 2'd0};
  (* keep *) wire signed [4:0] first_conv_part_92 = 5'(x_2_3_0) - 5'(x_2_3_1);
  (* keep *) wire signed [4:0] first_conv_part_93 = 5'(x_2_3_0) + 5'(x_2_3_1);
  reg signed [4:0] first_conv_part_92_d1;
  always @(posedge clk) first_conv_part_92_d1 <= first_conv_part_92;
  reg signed [4:0] first_conv_part_93_d1;
  always @(posedge clk) first_conv_part_93_d1 <= first_conv_part_93;
  (* keep *) wire signed [7:0] first_conv_2_3_0 = {6'(first_conv_part_92_d1), 2'd0} - 8'(first_conv_part_93_d1);
  (* keep *) wire signed [5:0] first_conv_part_97 = {5'(x_2_3_1), 1'd0} - 6'(x_2_3_0);
  reg signed [5:0] first_conv_part_97_d1;
  always @(posedge clk) first_conv_part_97_d1 <= first_conv_part_97;
  (* keep *) wire signed [7:0] first_conv_2_3_1 = 8'(first_conv_part_92_d1) + {first_conv_part_97_d1, 2'd0};
  // x
  reg signed [3:0] x_3_0_0_d1;
  always @(posedge clk) x_3_0_0_d1 <= x_3_0_0;
  reg signed [3:0] x_3_0_1_d1;
  always @(posedge clk) x_3_0_1_d1 <= x_3_0_1;
  // first.conv
  (* keep *) wire signed [4:0] first_conv_part_100 = 5'(x_3_0_0_d1) - 5'(x_3_0_1_d1);
  (* keep *) wire signed [4:0] first_conv_part_101 = 5'(x_3_0_0_d1) + 5'(x_3_0_1_d1);
  (* keep *) wire signed [7:0] first_conv_3_0_0 = {6'(first_conv_part_100), 2'd0} - 8'(first_conv_part_101);
  (* keep *) wire signed [5:0] first_conv_part_105 = {5'(x_3_0_1_d1), 1'd0} - 6'(x_3_0_0_d1);
  (* keep *) wire signed [7:0] first_conv_3_0_1 = 8'(first_conv_part_100) + {first_conv_part_105, 2'd0};
  // x
  reg signed [3:0] x_3_1_0_d1;
  always @(posedge clk) x_3_1_0_d1 <= x_3_1_0;
  reg signed [3:0] x_3_1_1_d1;
  always @(posedge clk) x_3_1_1_d1 <= x_3_1_1;
  // first.conv
  (* keep *) wire signed [4:0] first_conv_part_108 = 5'(x_3_1_0_d1) - 5'(x_3_1_1_d1);
  (* keep *) wire signed [4:0] first_conv_part_109 = 5'(x_3_1_0_d1) + 5'(x_3_1_1_d1);
  (* keep *) wire signed [7:0] first_conv_3_1_0 = {6'(first_conv_part_108), 2'd0} - 8'(first_conv_part_109);
  (* keep *) wire signed [5:0] first_conv_part_113 = {5'(x_3_1_1_d1), 1'd0} - 6'(x_3_1_0_d1);
  (* keep *) wire signed [7:0] first_conv_3_1_1 = 8'(first_conv_part_108) + {first_conv_part_113, 2'd0};
  // x
  reg signed [3:0] x_3_2_0_d1;
  always @(posedge clk) x_3_2_0_d1 <= x_3_2_0;
  reg signed [3:0] x_3_2_1_d1;
  always @(posedge clk) x_3_2_1_d1 <= x_3_2_1;
  // first.conv
  (* keep *) wire signed [4:0] first_conv_part_116 = 5'(x_3_2_0_d1) - 5'(x_3_2_1_d1);
  (* keep *) wire signed [4:0] first_conv_part_117 = 5'(x_3_2_0_d1) + 5'(x_3_2_1_d1);
  (* keep *) wire signed [7:0] first_conv_3_2_0 = {6'(first_conv_part_116), 2'd0} - 8'(first_conv_part_117);
  (* keep *) wire signed [5:0] first_conv_part_121 = {5'(x_3_2_1_d1), 1'd0} - 6'(x_3_2_0_d1);
  (* keep *) wire signed [7:0] first_conv_3_2_1 = 8'(first_conv_part_116) + {first_conv_part_121, 2'd0};
  // x
  reg signed [3:0] x_3_3_0_d1;
  always @(posedge clk) x_3_3_0_d1 <= x_3_3_0;
  reg signed [3:0] x_3_3_1_d1;
  always @(posedge clk) x_3_3_1_d1 <= x_3_3_1;
  // first.conv
  (* keep *) wire signed [4:0] first_conv_part_124 = 5'(x_3_3_0_d1) - 5'(x_3_3_1_d1);
  (* keep *) wire signed [4:0] first_conv_part_125 = 5'(x_3_3_0_d1) + 5'(x_3_3_1_d1);
  (* keep *) wire signed [7:0] first_conv_3_3_0 = {6'(first_conv_part_124), 2'd0} - 8'(first_conv_part_125);
  (* keep *) wire signed [5:0] first_conv_part_129 = {5'(x_3_3_1_d1), 1'd0} - 6'(x_3_3_0_d1);
  (* keep *) wire signed [7:0] first_conv_3_3_1 = 8'(first_conv_part_124) + {first_conv_part_129, 2'd0};
  // first.add
  (* keep *) wire signed [7:0] first_add_0_0_0 = first_conv_0_0_0 + 8'd208;
  (* keep *) wire signed [8:0] first_add_0_0_1 = 9'(first_conv_0_0_1) + 9'd488;
  (* keep *) wire signed [7:0] first_add_0_1_0 = first_conv_0_1_0 + 8'd208;
  (* keep *) wire signed [8:0] first_add_0_1_1 = 9'(first_conv_0_1_1) + 9'd488;
  (* keep *) wire signed [7:0] first_add_0_2_0 = first_conv_0_2_0 + 8'd208;
  (* keep *) wire signed [8:0] first_add_0_2_1 = 9'(first_conv_0_2_1) + 9'd488;
  (* keep *) wire signed [7:0] first_add_0_3_0 = first_conv_0_3_0 + 8'd208;
  (* keep *) wire signed [8:0] first_add_0_3_1 = 9'(first_conv_0_3_1) + 9'd488;
  (* keep *) wire signed [7:0] first_add_1_0_0 = first_conv_1_0_0 + 8'd208;
  (* keep *) wire signed [8:0] first_add_1_0_1 = 9'(first_conv_1_0_1) + 9'd488;
  (* keep *) wire signed [7:0] first_add_1_1_0 = first_conv_1_1_0 + 8'd208;
  (* keep *) wire signed [8:0] first_add_1_1_1 = 9'(first_conv_1_1_1) + 9'd488;
  (* keep *) wire signed [7:0] first_add_1_2_0 = first_conv_1_2_0 + 8'd208;
  (* keep *) wire signed [8:0] first_add_1_2_1 = 9'(first_conv_1_2_1) + 9'd488;
  (* keep *) wire signed [7:0] first_add_1_3_0 = first_conv_1_3_0 + 8'd208;
  (* keep *) wire signed [8:0] first_add_1_3_1 = 9'(first_conv_1_3_1) + 9'd488;
  (* keep *) wire signed [7:0] first_add_2_0_0 = first_conv_2_0_0 + 8'd208;
  // first.conv
  reg signed [7:0] first_conv_2_0_1_d1;
  always @(posedge clk) first_conv_2_0_1_d1 <= first_conv_2_0_1;
  // first.add
  (* keep *) wire signed [8:0] first_add_2_0_1 = 9'(first_conv_2_0_1_d1) + 9'd488;
  (* keep *) wire signed [7:0] first_add_2_1_0 = first_conv_2_1_0 + 8'd208;
  // first.conv
  reg signed [7:0] first_conv_2_1_1_d1;
  always @(posedge clk) first_conv_2_1_1_d1 <= first_conv_2_1_1;
  // first.add
  (* keep *) wire signed [8:0] first_add_2_1_1 = 9'(first_conv_2_1_1_d1) + 9'd488;
  // first.conv
  reg signed [7:0] first_conv_2_2_0_d1;
  always @(posedge clk) first_conv_2_2_0_d1 <= first_conv_2_2_0;
  // first.add
  (* keep *) wire signed [7:0] first_add_2_2_0 = first_conv_2_2_0_d1 + 8'd208;
  // first.conv
  reg signed [7:0] first_conv_2_2_1_d1;
  always @(posedge clk) first_conv_2_2_1_d1 <= first_conv_2_2_1;
  // first.add
  (* keep *) wire signed [8:0] first_add_2_2_1 = 9'(first_conv_2_2_1_d1) + 9'd488;
  (* keep *) wire signed [7:0] first_add_2_3_0 = first_conv_2_3_0 + 8'd208;
  (* keep *) wire signed [8:0] first_add_2_3_1 = 9'(first_conv_2_3_1) + 9'd488;
  (* keep *) wire signed [7:0] first_add_3_0_0 = first_conv_3_0_0 + 8'd208;
  (* keep *) wire signed [8:0] first_add_3_0_1 = 9'(first_conv_3_0_1) + 9'd488;
  (* keep *) wire signed [7:0] first_add_3_1_0 = first_conv_3_1_0 + 8'd208;
  (* keep *) wire signed [8:0] first_add_3_1_1 = 9'(first_conv_3_1_1) + 9'd488;
  (* keep *) wire signed [7:0] first_add_3_2_0 = first_conv_3_2_0 + 8'd208;
  (* keep *) wire signed [8:0] first_add_3_2_1 = 9'(first_conv_3_2_1) + 9'd488;
  // first.conv
  reg signed [7:0] first_conv_3_3_0_d1;
  always @(posedge clk) first_conv_3_3_0_d1 <= first_conv_3_3_0;
  // first.add
  (* keep *) wire signed [7:0] first_add_3_3_0 = first_conv_3_3_0_d1 + 8'd208;
  // first.conv
  reg signed [7:0] first_conv_3_3_1_d1;
  always @(posedge clk) first_conv_3_3_1_d1 <= first_conv_3_3_1;
  // first.add
  (* keep *) wire signed [8:0] first_add_3_3_1 = 9'(first_conv_3_3_1_d1) + 9'd488;
  // relu.quantize
  wire signed [3:0] relu_quantize_part_0 = first_add_0_0_0[7:4];
  wire signed [4:0] relu_quantize_part_1 = first_add_0_0_0[7:3];
  wire relu_quantize_part_2 = relu_quantize_part_1[0];
  wire relu_quantize_part_3 = relu_quantize_part_0[0];
  wire [2:0] relu_quantize_part_4 = first_add_0_0_0[2:0];
  wire relu_quantize_part_5 = |relu_quantize_part_4;
  wire relu_quantize_part_6 = relu_quantize_part_3 | relu_quantize_part_5;
  wire relu_quantize_part_7 = relu_quantize_part_2 & relu_quantize_part_6;
  reg signed [3:0] relu_quantize_part_0_d1;
  always @(posedge clk) relu_quantize_part_0_d1 <= relu_quantize_part_0;
  reg relu_quantize_part_7_d1;
  always @(posedge clk) relu_quantize_part_7_d1 <= relu_quantize_part_7;
  (* keep *) wire signed [3:0] relu_quantize_part_8 = relu_quantize_part_0_d1 + 4'(relu_quantize_part_7_d1);
  wire signed [4:0] relu_quantize_part_9 = first_add_0_0_1[8:4];
  wire signed [5:0] relu_quantize_part_10 = first_add_0_0_1[8:3];
  wire relu_quantize_part_11 = relu_quantize_part_10[0];
  wire relu_quantize_part_12 = relu_quantize_part_9[0];
  wire [2:0] relu_quantize_part_13 = first_add_0_0_1[2:0];
  wire relu_quantize_part_14 = |relu_quantize_part_13;
  wire relu_quantize_part_15 = relu_quantize_part_12 | relu_quantize_part_14;
  wire relu_quantize_part_16 = relu_quantize_part_11 & relu_quantize_part_15;
  reg signed [4:0] relu_quantize_part_9_d1;
  always @(posedge clk) relu_quantize_part_9_d1 <= relu_quantize_part_9;
  reg relu_quantize_part_16_d1;
  always @(posedge clk) relu_quantize_part_16_d1 <= relu_quantize_part_16;
  (* keep *) wire signed [4:0] relu_quantize_part_17 = relu_quantize_part_9_d1 + 5'(relu_quantize_part_16_d1);
  wire signed [3:0] relu_quantize_part_18 = first_add_0_1_0[7:4];
  wire signed [4:0] relu_quantize_part_19 = first_add_0_1_0[7:3];
  wire relu_quantize_part_20 = relu_quantize_part_19[0];
  wire relu_quantize_part_21 = relu_quantize_part_18[0];
  wire [2:0] relu_quantize_part_22 = first_add_0_1_0[2:0];
  wire relu_quantize_part_23 = |relu_quantize_part_22;
  wire relu_quantize_part_24 = relu_quantize_part_21 | relu_quantize_part_23;
  wire relu_quantize_part_25 = relu_quantize_part_20 & relu_quantize_part_24;
  reg signed [3:0] relu_quantize_part_18_d1;
  always @(posedge clk) relu_quantize_part_18_d1 <= relu_quantize_part_18;
  reg relu_quantize_part_25_d1;
  always @(posedge clk) relu_quantize_part_25_d1 <= relu_quantize_part_25;
  (* keep *) wire signed [3:0] relu_quantize_part_26 = relu_quantize_part_18_d1 + 4'(relu_quantize_part_25_d1);
  // first.add
  reg signed [8:0] first_add_0_1_1_d1;
  always @(posedge clk) first_add_0_1_1_d1 <= first_add_0_1_1;
  // relu.quantize
  wire signed [4:0] relu_quantize_part_27 = first_add_0_1_1_d1[8:4];
  wire signed [5:0] relu_quantize_part_28 = first_add_0_1_1_d1[8:3];
  wire relu_quantize_part_29 = relu_quantize_part_28[0];
  wire relu_quantize_part_30 = relu_quantize_part_27[0];
  wire [2:0] relu_quantize_part_31 = first_add_0_1_1[2:0];
  wire relu_quantize_part_32 = |relu_quantize_part_31;
  reg relu_quantize_part_32_d1;
  always @(posedge clk) relu_quantize_part_32_d1 <= relu_quantize_part_32;
  wire relu_quantize_part_33 = relu_quantize_part_30 | relu_quantize_part_32_d1;
  wire relu_quantize_part_34 = relu_quantize_part_29 & relu_quantize_part_33;
  (* keep *) wire signed [4:0] relu_quantize_part_35 = relu_quantize_part_27 + 5'(relu_quantize_part_34);
  wire signed [3:0] relu_quantize_part_36 = first_add_0_2_0[7:4];
  wire signed [4:0] relu_quantize_part_37 = first_add_0_2_0[7:3];
  wire relu_quantize_part_38 = relu_quantize_part_37[0];
  wire relu_quantize_part_39 = relu_quantize_part_36[0];
  wire [2:0] relu_quantize_part_40 = first_add_0_2_0[2:0];
  wire relu_quantize_part_41 = |relu_quantize_part_40;
  wire relu_quantize_part_42 = relu_quantize_part_39 | relu_quantize_part_41;
  wire relu_quantize_part_43 = relu_quantize_part_38 & relu_quantize_part_42;
  reg signed [3:0] relu_quantize_part_36_d1;
  always @(posedge clk) relu_quantize_part_36_d1 <= relu_quantize_part_36;
  reg relu_quantize_part_43_d1;
  always @(posedge clk) relu_quantize_part_43_d1 <= relu_quantize_part_43;
  (* keep *) wire signed [3:0] relu_quantize_part_44 = relu_quantize_part_36_d1 + 4'(relu_quantize_part_43_d1);
  // first.add
  reg signed [8:0] first_add_0_2_1_d1;
  always @(posedge clk) first_add_0_2_1_d1 <= first_add_0_2_1;
  // relu.quantize
  wire signed [4:0] relu_quantize_part_45 = first_add_0_2_1_d1[8:4];
  wire signed [5:0] relu_quantize_part_46 = first_add_0_2_1_d1[8:3];
  wire relu_quantize_part_47 = relu_quantize_part_46[0];
  wire relu_quantize_part_48 = relu_quantize_part_45[0];
  wire [2:0] relu_quantize_part_49 = first_add_0_2_1[2:0];
  wire relu_quantize_part_50 = |relu_quantize_part_49;
  reg relu_quantize_part_50_d1;
  always @(posedge clk) relu_quantize_part_50_d1 <= relu_quantize_part_50;
  wire relu_quantize_part_51 = relu_quantize_part_48 | relu_quantize_part_50_d1;
  wire relu_quantize_part_52 = relu_quantize_part_47 & relu_quantize_part_51;
  (* keep *) wire signed [4:0] relu_quantize_part_53 = relu_quantize_part_45 + 5'(relu_quantize_part_52);
  // first.add
  reg signed [7:0] first_add_0_3_0_d1;
  always @(posedge clk) first_add_0_3_0_d1 <= first_add_0_3_0;
  // relu.quantize
  wire signed [3:0] relu_quantize_part_54 = first_add_0_3_0_d1[7:4];
  wire signed [4:0] relu_quantize_part_55 = first_add_0_3_0_d1[7:3];
  wire relu_quantize_part_56 = relu_quantize_part_55[0];
  wire relu_quantize_part_57 = relu_quantize_part_54[0];
  wire [2:0] relu_quantize_part_58 = first_add_0_3_0[2:0];
  wire relu_quantize_part_59 = |relu_quantize_part_58;
  reg relu_quantize_part_59_d1;
  always @(posedge clk) relu_quantize_part_59_d1 <= relu_quantize_part_59;
  wire relu_quantize_part_60 = relu_quantize_part_57 | relu_quantize_part_59_d1;
  wire relu_quantize_part_61 = relu_quantize_part_56 & relu_quantize_part_60;
  (* keep *) wire signed [3:0] relu_quantize_part_62 = relu_quantize_part_54 + 4'(relu_quantize_part_61);
  // first.add
  reg signed [8:0] first_add_0_3_1_d1;
  always @(posedge clk) first_add_0_3_1_d1 <= first_add_0_3_1;
  // relu.quantize
  wire signed [4:0] relu_quantize_part_63 = first_add_0_3_1_d1[8:4];
  wire signed [5:0] relu_quantize_part_64 = first_add_0_3_1_d1[8:3];
  wire relu_quantize_part_65 = relu_quantize_part_64[0];
  wire relu_quantize_part_66 = relu_quantize_part_63[0];
  wire [2:0] relu_quantize_part_67 = first_add_0_3_1_d1[2:0];
  wire relu_quantize_part_68 = |relu_quantize_part_67;
  wire relu_quantize_part_69 = relu_quantize_part_66 | relu_quantize_part_68;
  wire relu_quantize_part_70 = relu_quantize_part_65 & relu_quantize_part_69;
  (* keep *) wire signed [4:0] relu_quantize_part_71 = relu_quantize_part_63 + 5'(relu_quantize_part_70);
  wire signed [3:0] relu_quantize_part_72 = first_add_1_0_0[7:4];
  wire signed [4:0] relu_quantize_part_73 = first_add_1_0_0[7:3];
  wire relu_quantize_part_74 = relu_quantize_part_73[0];
  wire relu_quantize_part_75 = relu_quantize_part_72[0];
  wire [2:0] relu_quantize_part_76 = first_add_1_0_0[2:0];
  wire relu_quantize_part_77 = |relu_quantize_part_76;
  wire relu_quantize_part_78 = relu_quantize_part_75 | relu_quantize_part_77;
  wire relu_quantize_part_79 = relu_quantize_part_74 & relu_quantize_part_78;
  reg signed [3:0] relu_quantize_part_72_d1;
  always @(posedge clk) relu_quantize_part_72_d1 <= relu_quantize_part_72;
  reg relu_quantize_part_79_d1;
  always @(posedge clk) relu_quantize_part_79_d1 <= relu_quantize_part_79;
  (* keep *) wire signed [3:0] relu_quantize_part_80 = relu_quantize_part_72_d1 + 4'(relu_quantize_part_79_d1);
  wire signed [4:0] relu_quantize_part_81 = first_add_1_0_1[8:4];
  wire signed [5:0] relu_quantize_part_82 = first_add_1_0_1[8:3];
  wire relu_quantize_part_83 = relu_quantize_part_82[0];
  wire relu_quantize_part_84 = relu_quantize_part_81[0];
  wire [2:0] relu_quantize_part_85 = first_add_1_0_1[2:0];
  wire relu_quantize_part_86 = |relu_quantize_part_85;
  wire relu_quantize_part_87 = relu_quantize_part_84 | relu_quantize_part_86;
  wire relu_quantize_part_88 = relu_quantize_part_83 & relu_quantize_part_87;
  reg signed [4:0] relu_quantize_part_81_d1;
  always @(posedge clk) relu_quantize_part_81_d1 <= relu_quantize_part_81;
  reg relu_quantize_part_88_d1;
  always @(posedge clk) relu_quantize_part_88_d1 <= relu_quantize_part_88;
  (* keep *) wire signed [4:0] relu_quantize_part_89 = relu_quantize_part_81_d1 + 5'(relu_quantize_part_88_d1);
  wire signed [3:0] relu_quantize_part_90 = first_add_1_1_0[7:4];
  wire signed [4:0] relu_quantize_part_91 = first_add_1_1_0[7:3];
  wire relu_quantize_part_92 = relu_quantize_part_91[0];
  wire relu_quantize_part_93 = relu_quantize_part_90[0];
  wire [2:0] relu_quantize_part_94 = first_add_1_1_0[2:0];
  wire relu_quantize_part_95 = |relu_quantize_part_94;
  wire relu_quantize_part_96 = relu_quantize_part_93 | relu_quantize_part_95;
  wire relu_quantize_part_97 = relu_quantize_part_92 & relu_quantize_part_96;
  reg signed [3:0] relu_quantize_part_90_d1;
  always @(posedge clk) relu_quantize_part_90_d1 <= relu_quantize_part_90;
  reg relu_quantize_part_97_d1;
  always @(posedge clk) relu_quantize_part_97_d1 <= relu_quantize_part_97;
  (* keep *) wire signed [3:0] relu_quantize_part_98 = relu_quantize_part_90_d1 + 4'(relu_quantize_part_97_d1);
  wire signed [4:0] relu_quantize_part_99 = first_add_1_1_1[8:4];
  wire signed [5:0] relu_quantize_part_100 = first_add_1_1_1[8:3];
  wire relu_quantize_part_101 = relu_quantize_part_100[0];
  wire relu_quantize_part_102 = relu_quantize_part_99[0];
  wire [2:0] relu_quantize_part_103 = first_add_1_1_1[2:0];
  wire relu_quantize_part_104 = |relu_quantize_part_103;
  wire relu_quantize_part_105 = relu_quantize_part_102 | relu_quantize_part_104;
  wire relu_quantize_part_106 = relu_quantize_part_101 & relu_quantize_part_105;
  reg signed [4:0] relu_quantize_part_99_d1;
  always @(posedge clk) relu_quantize_part_99_d1 <= relu_quantize_part_99;
  reg relu_quantize_part_106_d1;
  always @(posedge clk) relu_quantize_part_106_d1 <= relu_quantize_part_106;
  (* keep *) wire signed [4:0] relu_quantize_part_107 = relu_quantize_part_99_d1 + 5'(relu_quantize_part_106_d1);
  wire signed [3:0] relu_quantize_part_108 = first_add_1_2_0[7:4];
  wire signed [4:0] relu_quantize_part_109 = first_add_1_2_0[7:3];
  wire relu_quantize_part_110 = relu_quantize_part_109[0];
  wire relu_quantize_part_111 = relu_quantize_part_108[0];
  wire [2:0] relu_quantize_part_112 = first_add_1_2_0[2:0];
  wire relu_quantize_part_113 = |relu_quantize_part_112;
  wire relu_quantize_part_114 = relu_quantize_part_111 | relu_quantize_part_113;
  wire relu_quantize_part_115 = relu_quantize_part_110 & relu_quantize_part_114;
  reg signed [3:0] relu_quantize_part_108_d1;
  always @(posedge clk) relu_quantize_part_108_d1 <= relu_quantize_part_108;
  reg relu_quantize_part_115_d1;
  always @(posedge clk) relu_quantize_part_115_d1 <= relu_quantize_part_115;
  (* keep *) wire signed [3:0] relu_quantize_part_116 = relu_quantize_part_108_d1 + 4'(relu_quantize_part_115_d1);
  wire signed [4:0] relu_quantize_part_117 = first_add_1_2_1[8:4];
  wire signed [5:0] relu_quantize_part_118 = first_add_1_2_1[8:3];
  wire relu_quantize_part_119 = relu_quantize_part_118[0];
  wire relu_quantize_part_120 = relu_quantize_part_117[0];
  wire [2:0] relu_quantize_part_121 = first_add_1_2_1[2:0];
  wire relu_quantize_part_122 = |relu_quantize_part_121;
  wire relu_quantize_part_123 = relu_quantize_part_120 | relu_quantize_part_122;
  wire relu_quantize_part_124 = relu_quantize_part_119 & relu_quantize_part_123;
  reg signed [4:0] relu_quantize_part_117_d1;
  always @(posedge clk) relu_quantize_part_117_d1 <= relu_quantize_part_117;
  reg relu_quantize_part_124_d1;
  always @(posedge clk) relu_quantize_part_124_d1 <= relu_quantize_part_124;
  (* keep *) wire signed [4:0] relu_quantize_part_125 = relu_quantize_part_117_d1 + 5'(relu_quantize_part_124_d1);
  // first.add
  reg signed [7:0] first_add_1_3_0_d1;
  always @(posedge clk) first_add_1_3_0_d1 <= first_add_1_3_0;
  // relu.quantize
  wire signed [3:0] relu_quantize_part_126 = first_add_1_3_0_d1[7:4];
  wire signed [4:0] relu_quantize_part_127 = first_add_1_3_0_d1[7:3];
  wire relu_quantize_part_128 = relu_quantize_part_127[0];
  wire relu_quantize_part_129 = relu_quantize_part_126[0];
  wire [2:0] relu_quantize_part_130 = first_add_1_3_0[2:0];
  wire relu_quantize_part_131 = |relu_quantize_part_130;
  reg relu_quantize_part_131_d1;
  always @(posedge clk) relu_quantize_part_131_d1 <= relu_quantize_part_131;
  wire relu_quantize_part_132 = relu_quantize_part_129 | relu_quantize_part_131_d1;
  wire relu_quantize_part_133 = relu_quantize_part_128 & relu_quantize_part_132;
  (* keep *) wire signed [3:0] relu_quantize_part_134 = relu_quantize_part_126 + 4'(relu_quantize_part_133);
  // first.add
  reg signed [8:0] first_add_1_3_1_d1;
  always @(posedge clk) first_add_1_3_1_d1 <= first_add_1_3_1;
  // relu.quantize
  wire signed [4:0] relu_quantize_part_135 = first_add_1_3_1_d1[8:4];
  wire signed [5:0] relu_quantize_part_136 = first_add_1_3_1_d1[8:3];
  wire relu_quantize_part_137 = relu_quantize_part_136[0];
  wire relu_quantize_part_138 = relu_quantize_part_135[0];
  wire [2:0] relu_quantize_part_139 = first_add_1_3_1[2:0];
  wire relu_quantize_part_140 = |relu_quantize_part_139;
  reg relu_quantize_part_140_d1;
  always @(posedge clk) relu_quantize_part_140_d1 <= relu_quantize_part_140;
  wire relu_quantize_part_141 = relu_quantize_part_138 | relu_quantize_part_140_d1;
  wire relu_quantize_part_142 = relu_quantize_part_137 & relu_quantize_part_141;
  (* keep *) wire signed [4:0] relu_quantize_part_143 = relu_quantize_part_135 + 5'(relu_quantize_part_142);
  // first.add
  reg signed [7:0] first_add_2_0_0_d1;
  always @(posedge clk) first_add_2_0_0_d1 <= first_add_2_0_0;
  // relu.quantize
  wire signed [3:0] relu_quantize_part_144 = first_add_2_0_0_d1[7:4];
  wire signed [4:0] relu_quantize_part_145 = first_add_2_0_0_d1[7:3];
  wire relu_quantize_part_146 = relu_quantize_part_145[0];
  wire relu_quantize_part_147 = relu_quantize_part_144[0];
  wire [2:0] relu_quantize_part_148 = first_add_2_0_0_d1[2:0];
  wire relu_quantize_part_149 = |relu_quantize_part_148;
  wire relu_quantize_part_150 = relu_quantize_part_147 | relu_quantize_part_149;
  wire relu_quantize_part_151 = relu_quantize_part_146 & relu_quantize_part_150;
  (* keep *) wire signed [3:0] relu_quantize_part_152 = relu_quantize_part_144 + 4'(relu_quantize_part_151);
  wire signed [4:0] relu_quantize_part_153 = first_add_2_0_1[8:4];
  wire signed [5:0] relu_quantize_part_154 = first_add_2_0_1[8:3];
  wire relu_quantize_part_155 = relu_quantize_part_154[0];
  wire relu_quantize_part_156 = relu_quantize_part_153[0];
  wire [2:0] relu_quantize_part_157 = first_add_2_0_1[2:0];
  wire relu_quantize_part_158 = |relu_quantize_part_157;
  wire relu_quantize_part_159 = relu_quantize_part_156 | relu_quantize_part_158;
  wire relu_quantize_part_160 = relu_quantize_part_155 & relu_quantize_part_159;
  (* keep *) wire signed [4:0] relu_quantize_part_161 = relu_quantize_part_153 + 5'(relu_quantize_part_160);
  // first.add
  reg signed [7:0] first_add_2_1_0_d1;
  always @(posedge clk) first_add_2_1_0_d1 <= first_add_2_1_0;
  // relu.quantize
  wire signed [3:0] relu_quantize_part_162 = first_add_2_1_0_d1[7:4];
  wire signed [4:0] relu_quantize_part_163 = first_add_2_1_0_d1[7:3];
  wire relu_quantize_part_164 = relu_quantize_part_163[0];
  wire relu_quantize_part_165 = relu_quantize_part_162[0];
  wire [2:0] relu_quantize_part_166 = first_add_2_1_0_d1[2:0];
  wire relu_quantize_part_167 = |relu_quantize_part_166;
  wire relu_quantize_part_168 = relu_quantize_part_165 | relu_quantize_part_167;
  wire relu_quantize_part_169 = relu_quantize_part_164 & relu_quantize_part_168;
  (* keep *) wire signed [3:0] relu_quantize_part_170 = relu_quantize_part_162 + 4'(relu_quantize_part_169);
  wire signed [4:0] relu_quantize_part_171 = first_add_2_1_1[8:4];
  wire signed [5:0] relu_quantize_part_172 = first_add_2_1_1[8:3];
  wire relu_quantize_part_173 = relu_quantize_part_172[0];
  wire relu_quantize_part_174 = relu_quantize_part_171[0];
  wire [2:0] relu_quantize_part_175 = first_add_2_1_1[2:0];
  wire relu_quantize_part_176 = |relu_quantize_part_175;
  wire relu_quantize_part_177 = relu_quantize_part_174 | relu_quantize_part_176;
  wire relu_quantize_part_178 = relu_quantize_part_173 & relu_quantize_part_177;
  (* keep *) wire signed [4:0] relu_quantize_part_179 = relu_quantize_part_171 + 5'(relu_quantize_part_178);
  wire signed [3:0] relu_quantize_part_180 = first_add_2_2_0[7:4];
  wire signed [4:0] relu_quantize_part_181 = first_add_2_2_0[7:3];
  wire relu_quantize_part_182 = relu_quantize_part_181[0];
  wire relu_quantize_part_183 = relu_quantize_part_180[0];
  wire [2:0] relu_quantize_part_184 = first_add_2_2_0[2:0];
  wire relu_quantize_part_185 = |relu_quantize_part_184;
  wire relu_quantize_part_186 = relu_quantize_part_183 | relu_quantize_part_185;
  wire relu_quantize_part_187 = relu_quantize_part_182 & relu_quantize_part_186;
  (* keep *) wire signed [3:0] relu_quantize_part_188 = relu_quantize_part_180 + 4'(relu_quantize_part_187);
  wire signed [4:0] relu_quantize_part_189 = first_add_2_2_1[8:4];
  wire signed [5:0] relu_quantize_part_190 = first_add_2_2_1[8:3];
  wire relu_quantize_part_191 = relu_quantize_part_190[0];
  wire relu_quantize_part_192 = relu_quantize_part_189[0];
  wire [2:0] relu_quantize_part_193 = first_add_2_2_1[2:0];
  wire relu_quantize_part_194 = |relu_quantize_part_193;
  wire relu_quantize_part_195 = relu_quantize_part_192 | relu_quantize_part_194;
  wire relu_quantize_part_196 = relu_quantize_part_191 & relu_quantize_part_195;
  (* keep *) wire signed [4:0] relu_quantize_part_197 = relu_quantize_part_189 + 5'(relu_quantize_part_196);
  wire signed [3:0] relu_quantize_part_198 = first_add_2_3_0[7:4];
  wire signed [4:0] relu_quantize_part_199 = first_add_2_3_0[7:3];
  wire relu_quantize_part_200 = relu_quantize_part_199[0];
  wire relu_quantize_part_201 = relu_quantize_part_198[0];
  wire [2:0] relu_quantize_part_202 = first_add_2_3_0[2:0];
  wire relu_quantize_part_203 = |relu_quantize_part_202;
  wire relu_quantize_part_204 = relu_quantize_part_201 | relu_quantize_part_203;
  wire relu_quantize_part_205 = relu_quantize_part_200 & relu_quantize_part_204;
  (* keep *) wire signed [3:0] relu_quantize_part_206 = relu_quantize_part_198 + 4'(relu_quantize_part_205);
  wire signed [4:0] relu_quantize_part_207 = first_add_2_3_1[8:4];
  wire signed [5:0] relu_quantize_part_208 = first_add_2_3_1[8:3];
  wire relu_quantize_part_209 = relu_quantize_part_208[0];
  wire relu_quantize_part_210 = relu_quantize_part_207[0];
  wire [2:0] relu_quantize_part_211 = first_add_2_3_1[2:0];
  wire relu_quantize_part_212 = |relu_quantize_part_211;
  wire relu_quantize_part_213 = relu_quantize_part_210 | relu_quantize_part_212;
  wire relu_quantize_part_214 = relu_quantize_part_209 & relu_quantize_part_213;
  (* keep *) wire signed [4:0] relu_quantize_part_215 = relu_quantize_part_207 + 5'(relu_quantize_part_214);
  // first.add
  reg signed [7:0] first_add_3_0_0_d1;
  always @(posedge clk) first_add_3_0_0_d1 <= first_add_3_0_0;
  // relu.quantize
  wire signed [3:0] relu_quantize_part_216 = first_add_3_0_0_d1[7:4];
  wire signed [4:0] relu_quantize_part_217 = first_add_3_0_0_d1[7:3];
  wire relu_quantize_part_218 = relu_quantize_part_217[0];
  wire relu_quantize_part_219 = relu_quantize_part_216[0];
  wire [2:0] relu_quantize_part_220 = first_add_3_0_0[2:0];
  wire relu_quantize_part_221 = |relu_quantize_part_220;
  reg relu_quantize_part_221_d1;
  always @(posedge clk) relu_quantize_part_221_d1 <= relu_quantize_part_221;
  wire relu_quantize_part_222 = relu_quantize_part_219 | relu_quantize_part_221_d1;
  wire relu_quantize_part_223 = relu_quantize_part_218 & relu_quantize_part_222;
  (* keep *) wire signed [3:0] relu_quantize_part_224 = relu_quantize_part_216 + 4'(relu_quantize_part_223);
  // first.add
  reg signed [8:0] first_add_3_0_1_d1;
  always @(posedge clk) first_add_3_0_1_d1 <= first_add_3_0_1;
  // relu.quantize
  wire signed [4:0] relu_quantize_part_225 = first_add_3_0_1_d1[8:4];
  wire signed [5:0] relu_quantize_part_226 = first_add_3_0_1_d1[8:3];
  wire relu_quantize_part_227 = relu_quantize_part_226[0];
  wire relu_quantize_part_228 = relu_quantize_part_225[0];
  wire [2:0] relu_quantize_part_229 = first_add_3_0_1_d1[2:0];
  wire relu_quantize_part_230 = |relu_quantize_part_229;
  wire relu_quantize_part_231 = relu_quantize_part_228 | relu_quantize_part_230;
  wire relu_quantize_part_232 = relu_quantize_part_227 & relu_quantize_part_231;
  (* keep *) wire signed [4:0] relu_quantize_part_233 = relu_quantize_part_225 + 5'(relu_quantize_part_232);
  // first.add
  reg signed [7:0] first_add_3_1_0_d1;
  always @(posedge clk) first_add_3_1_0_d1 <= first_add_3_1_0;
  // relu.quantize
  wire signed [3:0] relu_quantize_part_234 = first_add_3_1_0_d1[7:4];
  wire signed [4:0] relu_quantize_part_235 = first_add_3_1_0_d1[7:3];
  wire relu_quantize_part_236 = relu_quantize_part_235[0];
  wire relu_quantize_part_237 = relu_quantize_part_234[0];
  wire [2:0] relu_quantize_part_238 = first_add_3_1_0[2:0];
  wire relu_quantize_part_239 = |relu_quantize_part_238;
  reg relu_quantize_part_239_d1;
  always @(posedge clk) relu_quantize_part_239_d1 <= relu_quantize_part_239;
  wire relu_quantize_part_240 = relu_quantize_part_237 | relu_quantize_part_239_d1;
  wire relu_quantize_part_241 = relu_quantize_part_236 & relu_quantize_part_240;
  (* keep *) wire signed [3:0] relu_quantize_part_242 = relu_quantize_part_234 + 4'(relu_quantize_part_241);
  // first.add
  reg signed [8:0] first_add_3_1_1_d1;
  always @(posedge clk) first_add_3_1_1_d1 <= first_add_3_1_1;
  // relu.quantize
  wire signed [4:0] relu_quantize_part_243 = first_add_3_1_1_d1[8:4];
  wire signed [5:0] relu_quantize_part_244 = first_add_3_1_1_d1[8:3];
  wire relu_quantize_part_245 = relu_quantize_part_244[0];
  wire relu_quantize_part_246 = relu_quantize_part_243[0];
  wire [2:0] relu_quantize_part_247 = first_add_3_1_1_d1[2:0];
  wire relu_quantize_part_248 = |relu_quantize_part_247;
  wire relu_quantize_part_249 = relu_quantize_part_246 | relu_quantize_part_248;
  wire relu_quantize_part_250 = relu_quantize_part_245 & relu_quantize_part_249;
  (* keep *) wire signed [4:0] relu_quantize_part_251 = relu_quantize_part_243 + 5'(relu_quantize_part_250);
  // first.add
  reg signed [7:0] first_add_3_2_0_d1;
  always @(posedge clk) first_add_3_2_0_d1 <= first_add_3_2_0;
  // relu.quantize
  wire signed [3:0] relu_quantize_part_252 = first_add_3_2_0_d1[7:4];
  wire signed [4:0] relu_quantize_part_253 = first_add_3_2_0_d1[7:3];
  wire relu_quantize_part_254 = relu_quantize_part_253[0];
  wire relu_quantize_part_255 = relu_quantize_part_252[0];
  wire [2:0] relu_quantize_part_256 = first_add_3_2_0_d1[2:0];
  wire relu_quantize_part_257 = |relu_quantize_part_256;
  wire relu_quantize_part_258 = relu_quantize_part_255 | relu_quantize_part_257;
  wire relu_quantize_part_259 = relu_quantize_part_254 & relu_quantize_part_258;
  (* keep *) wire signed [3:0] relu_quantize_part_260 = relu_quantize_part_252 + 4'(relu_quantize_part_259);
  // first.add
  reg signed [8:0] first_add_3_2_1_d1;
  always @(posedge clk) first_add_3_2_1_d1 <= first_add_3_2_1;
  // relu.quantize
  wire signed [4:0] relu_quantize_part_261 = first_add_3_2_1_d1[8:4];
  wire signed [5:0] relu_quantize_part_262 = first_add_3_2_1_d1[8:3];
  wire relu_quantize_part_263 = relu_quantize_part_262[0];
  wire relu_quantize_part_264 = relu_quantize_part_261[0];
  wire [2:0] relu_quantize_part_265 = first_add_3_2_1_d1[2:0];
  wire relu_quantize_part_266 = |relu_quantize_part_265;
  wire relu_quantize_part_267 = relu_quantize_part_264 | relu_quantize_part_266;
  wire relu_quantize_part_268 = relu_quantize_part_263 & relu_quantize_part_267;
  (* keep *) wire signed [4:0] relu_quantize_part_269 = relu_quantize_part_261 + 5'(relu_quantize_part_268);
  wire signed [3:0] relu_quantize_part_270 = first_add_3_3_0[7:4];
  wire signed [4:0] relu_quantize_part_271 = first_add_3_3_0[7:3];
  wire relu_quantize_part_272 = relu_quantize_part_271[0];
  wire relu_quantize_part_273 = relu_quantize_part_270[0];
  wire [2:0] relu_quantize_part_274 = first_add_3_3_0[2:0];
  wire relu_quantize_part_275 = |relu_quantize_part_274;
  wire relu_quantize_part_276 = relu_quantize_part_273 | relu_quantize_part_275;
  wire relu_quantize_part_277 = relu_quantize_part_272 & relu_quantize_part_276;
  (* keep *) wire signed [3:0] relu_quantize_part_278 = relu_quantize_part_270 + 4'(relu_quantize_part_277);
  wire signed [4:0] relu_quantize_part_279 = first_add_3_3_1[8:4];
  wire signed [5:0] relu_quantize_part_280 = first_add_3_3_1[8:3];
  wire relu_quantize_part_281 = relu_quantize_part_280[0];
  wire relu_quantize_part_282 = relu_quantize_part_279[0];
  wire [2:0] relu_quantize_part_283 = first_add_3_3_1[2:0];
  wire relu_quantize_part_284 = |relu_quantize_part_283;
  wire relu_quantize_part_285 = relu_quantize_part_282 | relu_quantize_part_284;
  wire relu_quantize_part_286 = relu_quantize_part_281 & relu_quantize_part_285;
  (* keep *) wire signed [4:0] relu_quantize_part_287 = relu_quantize_part_279 + 5'(relu_quantize_part_286);
  wire relu_quantize_part_290 = $signed(relu_quantize_part_8) < $signed(4'd0);
  wire [1:0] relu_quantize_0_0_0 = relu_quantize_part_290 ? 2'd0 : relu_quantize_part_8[1:0];
  wire relu_quantize_part_292 = $signed(relu_quantize_part_17) < $signed(5'd0);
  wire [2:0] relu_quantize_0_0_1 = relu_quantize_part_292 ? 3'd0 : relu_quantize_part_17[2:0];
  wire relu_quantize_part_294 = $signed(relu_quantize_part_26) < $signed(4'd0);
  wire [1:0] relu_quantize_0_1_0 = relu_quantize_part_294 ? 2'd0 : relu_quantize_part_26[1:0];
  wire relu_quantize_part_296 = $signed(relu_quantize_part_35) < $signed(5'd0);
  wire [2:0] relu_quantize_0_1_1 = relu_quantize_part_296 ? 3'd0 : relu_quantize_part_35[2:0];
  wire relu_quantize_part_298 = $signed(relu_quantize_part_44) < $signed(4'd0);
  wire [1:0] relu_quantize_0_2_0 = relu_quantize_part_298 ? 2'd0 : relu_quantize_part_44[1:0];
  wire relu_quantize_part_300 = $signed(relu_quantize_part_53) < $signed(5'd0);
  wire [2:0] relu_quantize_0_2_1 = relu_quantize_part_300 ? 3'd0 : relu_quantize_part_53[2:0];
  wire relu_quantize_part_302 = $signed(relu_quantize_part_62) < $signed(4'd0);
  wire [1:0] relu_quantize_0_3_0 = relu_quantize_part_302 ? 2'd0 : relu_quantize_part_62[1:0];
  wire relu_quantize_part_304 = $signed(relu_quantize_part_71) < $signed(5'd0);
  wire [2:0] relu_quantize_0_3_1 = relu_quantize_part_304 ? 3'd0 : relu_quantize_part_71[2:0];
  wire relu_quantize_part_306 = $signed(relu_quantize_part_80) < $signed(4'd0);
  wire [1:0] relu_quantize_1_0_0 = relu_quantize_part_306 ? 2'd0 : relu_quantize_part_80[1:0];
  wire relu_quantize_part_308 = $signed(relu_quantize_part_89) < $signed(5'd0);
  wire [2:0] relu_quantize_1_0_1 = relu_quantize_part_308 ? 3'd0 : relu_quantize_part_89[2:0];
  wire relu_quantize_part_310 = $signed(relu_quantize_part_98) < $signed(4'd0);
  wire [1:0] relu_quantize_1_1_0 = relu_quantize_part_310 ? 2'd0 : relu_quantize_part_98[1:0];
  wire relu_quantize_part_312 = $signed(relu_quantize_part_107) < $signed(5'd0);
  wire [2:0] relu_quantize_1_1_1 = relu_quantize_part_312 ? 3'd0 : relu_quantize_part_107[2:0];
  wire relu_quantize_part_314 = $signed(relu_quantize_part_116) < $signed(4'd0);
  wire [1:0] relu_quantize_1_2_0 = relu_quantize_part_314 ? 2'd0 : relu_quantize_part_116[1:0];
  wire relu_quantize_part_316 = $signed(relu_quantize_part_125) < $signed(5'd0);
  wire [2:0] relu_quantize_1_2_1 = relu_quantize_part_316 ? 3'd0 : relu_quantize_part_125[2:0];
  wire relu_quantize_part_318 = $signed(relu_quantize_part_134) < $signed(4'd0);
  wire [1:0] relu_quantize_1_3_0 = relu_quantize_part_318 ? 2'd0 : relu_quantize_part_134[1:0];
  wire relu_quantize_part_320 = $signed(relu_quantize_part_143) < $signed(5'd0);
  wire [2:0] relu_quantize_1_3_1 = relu_quantize_part_320 ? 3'd0 : relu_quantize_part_143[2:0];
  wire relu_quantize_part_322 = $signed(relu_quantize_part_152) < $signed(4'd0);
  wire [1:0] relu_quantize_2_0_0 = relu_quantize_part_322 ? 2'd0 : relu_quantize_part_152[1:0];
  wire relu_quantize_part_324 = $signed(relu_quantize_part_161) < $signed(5'd0);
  reg relu_quantize_part_324_d1;
  always @(posedge clk) relu_quantize_part_324_d1 <= relu_quantize_part_324;
  reg signed [4:0] relu_quantize_part_161_d1;
  always @(posedge clk) relu_quantize_part_161_d1 <= relu_quantize_part_161;
  wire [2:0] relu_quantize_2_0_1 = relu_quantize_part_324_d1 ? 3'd0 : relu_quantize_part_161_d1[2:0];
  wire relu_quantize_part_326 = $signed(relu_quantize_part_170) < $signed(4'd0);
  wire [1:0] relu_quantize_2_1_0 = relu_quantize_part_326 ? 2'd0 : relu_quantize_part_170[1:0];
  wire relu_quantize_part_328 = $signed(relu_quantize_part_179) < $signed(5'd0);
  reg relu_quantize_part_328_d1;
  always @(posedge clk) relu_quantize_part_328_d1 <= relu_quantize_part_328;
  reg signed [4:0] relu_quantize_part_179_d1;
  always @(posedge clk) relu_quantize_part_179_d1 <= relu_quantize_part_179;
  wire [2:0] relu_quantize_2_1_1 = relu_quantize_part_328_d1 ? 3'd0 : relu_quantize_part_179_d1[2:0];
  wire relu_quantize_part_330 = $signed(relu_quantize_part_188) < $signed(4'd0);
  reg relu_quantize_part_330_d1;
  always @(posedge clk) relu_quantize_part_330_d1 <= relu_quantize_part_330;
  reg signed [3:0] relu_quantize_part_188_d1;
  always @(posedge clk) relu_quantize_part_188_d1 <= relu_quantize_part_188;
  wire [1:0] relu_quantize_2_2_0 = relu_quantize_part_330_d1 ? 2'd0 : relu_quantize_part_188_d1[1:0];
  wire relu_quantize_part_332 = $signed(relu_quantize_part_197) < $signed(5'd0);
  reg relu_quantize_part_332_d1;
  always @(posedge clk) relu_quantize_part_332_d1 <= relu_quantize_part_332;
  reg signed [4:0] relu_quantize_part_197_d1;
  always @(posedge clk) relu_quantize_part_197_d1 <= relu_quantize_part_197;
  wire [2:0] relu_quantize_2_2_1 = relu_quantize_part_332_d1 ? 3'd0 : relu_quantize_part_197_d1[2:0];
  reg signed [3:0] relu_quantize_part_206_d1;
  always @(posedge clk) relu_quantize_part_206_d1 <= relu_quantize_part_206;
  wire relu_quantize_part_334 = $signed(relu_quantize_part_206_d1) < $signed(4'd0);
  wire [1:0] relu_quantize_2_3_0 = relu_quantize_part_334 ? 2'd0 : relu_quantize_part_206_d1[1:0];
  reg signed [4:0] relu_quantize_part_215_d1;
  always @(posedge clk) relu_quantize_part_215_d1 <= relu_quantize_part_215;
  wire relu_quantize_part_336 = $signed(relu_quantize_part_215_d1) < $signed(5'd0);
  wire [2:0] relu_quantize_2_3_1 = relu_quantize_part_336 ? 3'd0 : relu_quantize_part_215_d1[2:0];
  wire relu_quantize_part_338 = $signed(relu_quantize_part_224) < $signed(4'd0);
  wire [1:0] relu_quantize_3_0_0 = relu_quantize_part_338 ? 2'd0 : relu_quantize_part_224[1:0];
  wire relu_quantize_part_340 = $signed(relu_quantize_part_233) < $signed(5'd0);
  wire [2:0] relu_quantize_3_0_1 = relu_quantize_part_340 ? 3'd0 : relu_quantize_part_233[2:0];
  wire relu_quantize_part_342 = $signed(relu_quantize_part_242) < $signed(4'd0);
  wire [1:0] relu_quantize_3_1_0 = relu_quantize_part_342 ? 2'd0 : relu_quantize_part_242[1:0];
  wire relu_quantize_part_344 = $signed(relu_quantize_part_251) < $signed(5'd0);
  wire [2:0] relu_quantize_3_1_1 = relu_quantize_part_344 ? 3'd0 : relu_quantize_part_251[2:0];
  wire relu_quantize_part_346 = $signed(relu_quantize_part_260) < $signed(4'd0);
  wire [1:0] relu_quantize_3_2_0 = relu_quantize_part_346 ? 2'd0 : relu_quantize_part_260[1:0];
  wire relu_quantize_part_348 = $signed(relu_quantize_part_269) < $signed(5'd0);
  wire [2:0] relu_quantize_3_2_1 = relu_quantize_part_348 ? 3'd0 : relu_quantize_part_269[2:0];
  wire relu_quantize_part_350 = $signed(relu_quantize_part_278) < $signed(4'd0);
  reg relu_quantize_part_350_d1;
  always @(posedge clk) relu_quantize_part_350_d1 <= relu_quantize_part_350;
  reg signed [3:0] relu_quantize_part_278_d1;
  always @(posedge clk) relu_quantize_part_278_d1 <= relu_quantize_part_278;
  wire [1:0] relu_quantize_3_3_0 = relu_quantize_part_350_d1 ? 2'd0 : relu_quantize_part_278_d1[1:0];
  wire relu_quantize_part_352 = $signed(relu_quantize_part_287) < $signed(5'd0);
  reg relu_quantize_part_352_d1;
  always @(posedge clk) relu_quantize_part_352_d1 <= relu_quantize_part_352;
  reg signed [4:0] relu_quantize_part_287_d1;
  always @(posedge clk) relu_quantize_part_287_d1 <= relu_quantize_part_287;
  wire [2:0] relu_quantize_3_3_1 = relu_quantize_part_352_d1 ? 3'd0 : relu_quantize_part_287_d1[2:0];
  // second.conv
  (* keep *) wire signed [4:0] second_conv_part_10 = 5'd0 - {4'(relu_quantize_0_0_1), 1'd0};
  (* keep *) wire signed [1:0] second_conv_part_11 = 2'd0 - relu_quantize_0_1_0;
  (* keep *) wire signed [3:0] second_conv_part_12 = 4'(relu_quantize_0_1_1) + 4'(second_conv_part_11);
  reg signed [4:0] second_conv_part_10_d1;
  always @(posedge clk) second_conv_part_10_d1 <= second_conv_part_10;
  reg signed [3:0] second_conv_part_12_d1;
  always @(posedge clk) second_conv_part_12_d1 <= second_conv_part_12;
  (* keep *) wire signed [4:0] second_conv_part_13 = second_conv_part_10_d1 + 5'(second_conv_part_12_d1);
  (* keep *) wire [2:0] second_conv_part_14 = 3'(relu_quantize_1_0_0) + relu_quantize_1_0_1;
  (* keep *) wire signed [2:0] second_conv_part_16 = 3'(relu_quantize_1_1_0) - {relu_quantize_0_0_0, 1'd0};
  (* keep *) wire signed [4:0] second_conv_part_18 = 5'(second_conv_part_14) + {4'(second_conv_part_16), 1'd0};
  // relu.quantize
  reg [2:0] relu_quantize_0_0_1_d1;
  always @(posedge clk) relu_quantize_0_0_1_d1 <= relu_quantize_0_0_1;
  // second.conv
  reg signed [4:0] second_conv_part_18_d1;
  always @(posedge clk) second_conv_part_18_d1 <= second_conv_part_18;
  (* keep *) wire signed [5:0] second_conv_part_19 = {5'(relu_quantize_0_0_1_d1), 1'd0} + 6'(second_conv_part_18_d1);
  // relu.quantize
  reg [1:0] relu_quantize_0_0_0_d1;
  always @(posedge clk) relu_quantize_0_0_0_d1 <= relu_quantize_0_0_0;
  reg [2:0] relu_quantize_1_1_1_d1;
  always @(posedge clk) relu_quantize_1_1_1_d1 <= relu_quantize_1_1_1;
  // second.conv
  (* keep *) wire [2:0] second_conv_part_20 = 3'(relu_quantize_0_0_0_d1) + relu_quantize_1_1_1_d1;
  // relu.quantize
  reg [2:0] relu_quantize_0_1_1_d1;
  always @(posedge clk) relu_quantize_0_1_1_d1 <= relu_quantize_0_1_1;
  // second.conv
  (* keep *) wire signed [4:0] second_conv_part_22 = 5'(relu_quantize_0_1_1_d1) - {4'(relu_quantize_1_1_1_d1), 1'd0};
  (* keep *) wire signed [6:0] second_conv_part_24 = 7'(second_conv_part_20) + {second_conv_part_22, 2'd0};
  (* keep *) wire signed [6:0] second_conv_part_26 = second_conv_part_24 + {6'(second_conv_part_13), 1'd0};
  (* keep *) wire signed [7:0] second_conv_0_0_0 = 8'(second_conv_part_26) - 8'(second_conv_part_19);
  (* keep *) wire signed [5:0] second_conv_part_29 = {4'(relu_quantize_1_1_1_d1), 2'd0} - 6'(relu_quantize_1_1_1_d1);
  (* keep *) wire signed [6:0] second_conv_part_31 = 7'(second_conv_part_12_d1) + {second_conv_part_29, 1'd0};
  (* keep *) wire signed [6:0] second_conv_part_33 = 7'(second_conv_part_19) + {second_conv_part_13, 2'd0};
  (* keep *) wire signed [7:0] second_conv_0_0_1 = 8'(second_conv_part_31) + 8'(second_conv_part_33);
  (* keep *) wire signed [4:0] second_conv_part_36 = 5'd0 - {4'(relu_quantize_0_1_1), 1'd0};
  (* keep *) wire signed [1:0] second_conv_part_37 = 2'd0 - relu_quantize_0_2_0;
  (* keep *) wire signed [3:0] second_conv_part_38 = 4'(relu_quantize_0_2_1) + 4'(second_conv_part_37);
  reg signed [4:0] second_conv_part_36_d1;
  always @(posedge clk) second_conv_part_36_d1 <= second_conv_part_36;
  reg signed [3:0] second_conv_part_38_d1;
  always @(posedge clk) second_conv_part_38_d1 <= second_conv_part_38;
  (* keep *) wire signed [4:0] second_conv_part_39 = second_conv_part_36_d1 + 5'(second_conv_part_38_d1);
  (* keep *) wire [2:0] second_conv_part_40 = 3'(relu_quantize_1_1_0) + relu_quantize_1_1_1;
  (* keep *) wire signed [2:0] second_conv_part_42 = 3'(relu_quantize_1_2_0) - {relu_quantize_0_1_0, 1'd0};
  (* keep *) wire signed [4:0] second_conv_part_44 = 5'(second_conv_part_40) + {4'(second_conv_part_42), 1'd0};
  reg signed [4:0] second_conv_part_44_d1;
  always @(posedge clk) second_conv_part_44_d1 <= second_conv_part_44;
  (* keep *) wire signed [5:0] second_conv_part_45 = {5'(relu_quantize_0_1_1_d1), 1'd0} + 6'(second_conv_part_44_d1);
  (* keep *) wire signed [2:0] second_conv_part_47 = 3'd0 - {relu_quantize_1_0_0, 1'd0};
  (* keep *) wire signed [3:0] second_conv_part_48 = 4'd0 - 4'(relu_quantize_0_0_1);
  (* keep *) wire [3:0] second_conv_part_49 = 4'(relu_quantize_1_0_1) + 4'(relu_quantize_1_2_1);
  reg signed [3:0] second_conv_part_48_d1;
  always @(posedge clk) second_conv_part_48_d1 <= second_conv_part_48;
  reg [3:0] second_conv_part_49_d1;
  always @(posedge clk) second_conv_part_49_d1 <= second_conv_part_49;
  (* keep *) wire signed [4:0] second_conv_part_50 = 5'(second_conv_part_48_d1) + 5'(second_conv_part_49_d1);
  (* keep *) wire [4:0] second_conv_part_52 = 5'(relu_quantize_0_1_0) + {relu_quantize_0_2_1, 2'd0};
  reg signed [2:0] second_conv_part_47_d1;
  always @(posedge clk) second_conv_part_47_d1 <= second_conv_part_47;
  reg [4:0] second_conv_part_52_d1;
  always @(posedge clk) second_conv_part_52_d1 <= second_conv_part_52;
  (* keep *) wire [4:0] second_conv_part_54 = second_conv_part_52_d1 - {4'(second_conv_part_47_d1), 1'd0};
  (* keep *) wire signed [6:0] second_conv_part_55 = 7'(second_conv_part_50) + 7'(second_conv_part_54);
  (* keep *) wire signed [6:0] second_conv_part_57 = 7'(second_conv_part_39) - {second_conv_part_50, 2'd0};
  (* keep *) wire signed [6:0] second_conv_part_58 = second_conv_part_55 - 7'(second_conv_part_45);
  (* keep *) wire signed [8:0] second_conv_0_1_0 = 9'(second_conv_part_58) + {8'(second_conv_part_57), 1'd0};
  (* keep *) wire [3:0] second_conv_part_62 = 4'(relu_quantize_0_0_0) + {relu_quantize_1_2_1, 1'd0};
  (* keep *) wire [3:0] second_conv_part_63 = 4'(relu_quantize_0_0_1) + 4'(relu_quantize_1_0_1);
  (* keep *) wire signed [6:0] second_conv_part_65 = 7'(second_conv_part_47) + {4'(relu_quantize_1_2_1), 3'd0};
  (* keep *) wire signed [5:0] second_conv_part_66 = 6'(second_conv_part_48) - 6'(second_conv_part_62);
  reg [3:0] second_conv_part_63_d1;
  always @(posedge clk) second_conv_part_63_d1 <= second_conv_part_63;
  (* keep *) wire signed [6:0] second_conv_part_68 = 7'(second_conv_part_38_d1) - {5'(second_conv_part_63_d1), 2'd0};
  reg signed [6:0] second_conv_part_65_d1;
  always @(posedge clk) second_conv_part_65_d1 <= second_conv_part_65;
  reg signed [5:0] second_conv_part_66_d1;
  always @(posedge clk) second_conv_part_66_d1 <= second_conv_part_66;
  (* keep *) wire signed [6:0] second_conv_part_69 = second_conv_part_65_d1 + 7'(second_conv_part_66_d1);
  (* keep *) wire signed [6:0] second_conv_part_71 = 7'(second_conv_part_45) + {second_conv_part_39, 2'd0};
  (* keep *) wire signed [6:0] second_conv_part_72 = second_conv_part_68 + second_conv_part_69;
  (* keep *) wire signed [7:0] second_conv_0_1_1 = 8'(second_conv_part_71) + 8'(second_conv_part_72);
  // relu.quantize
  reg [2:0] relu_quantize_0_2_1_d1;
  always @(posedge clk) relu_quantize_0_2_1_d1 <= relu_quantize_0_2_1;
  // second.conv
  (* keep *) wire signed [4:0] second_conv_part_75 = 5'd0 - {4'(relu_quantize_0_2_1_d1), 1'd0};
  (* keep *) wire signed [1:0] second_conv_part_76 = 2'd0 - relu_quantize_0_3_0;
  // relu.quantize
  reg [2:0] relu_quantize_0_3_1_d1;
  always @(posedge clk) relu_quantize_0_3_1_d1 <= relu_quantize_0_3_1;
  // second.conv
  reg signed [1:0] second_conv_part_76_d1;
  always @(posedge clk) second_conv_part_76_d1 <= second_conv_part_76;
  (* keep *) wire signed [3:0] second_conv_part_77 = 4'(relu_quantize_0_3_1_d1) + 4'(second_conv_part_76_d1);
  (* keep *) wire signed [4:0] second_conv_part_78 = second_conv_part_75 + 5'(second_conv_part_77);
  (* keep *) wire [2:0] second_conv_part_79 = 3'(relu_quantize_1_2_0) + relu_quantize_1_2_1;
  (* keep *) wire signed [2:0] second_conv_part_81 = 3'(relu_quantize_1_3_0) - {relu_quantize_0_2_0, 1'd0};
  reg signed [2:0] second_conv_part_81_d1;
  always @(posedge clk) second_conv_part_81_d1 <= second_conv_part_81;
  reg [2:0] second_conv_part_79_d1;
  always @(posedge clk) second_conv_part_79_d1 <= second_conv_part_79;
  (* keep *) wire signed [4:0] second_conv_part_83 = 5'(second_conv_part_79_d1) + {4'(second_conv_part_81_d1), 1'd0};
  (* keep *) wire signed [5:0] second_conv_part_84 = {5'(relu_quantize_0_2_1_d1), 1'd0} + 6'(second_conv_part_83);
  (* keep *) wire signed [2:0] second_conv_part_86 = 3'd0 - {relu_quantize_1_1_0, 1'd0};
  (* keep *) wire signed [3:0] second_conv_part_87 = 4'd0 - 4'(relu_quantize_0_1_1);
  // relu.quantize
  reg [2:0] relu_quantize_1_3_1_d1;
  always @(posedge clk) relu_quantize_1_3_1_d1 <= relu_quantize_1_3_1;
  // second.conv
  (* keep *) wire [3:0] second_conv_part_88 = 4'(relu_quantize_1_1_1_d1) + 4'(relu_quantize_1_3_1_d1);
  reg signed [3:0] second_conv_part_87_d1;
  always @(posedge clk) second_conv_part_87_d1 <= second_conv_part_87;
  (* keep *) wire signed [4:0] second_conv_part_89 = 5'(second_conv_part_87_d1) + 5'(second_conv_part_88);
  // relu.quantize
  reg [1:0] relu_quantize_0_2_0_d1;
  always @(posedge clk) relu_quantize_0_2_0_d1 <= relu_quantize_0_2_0;
  // second.conv
  (* keep *) wire [4:0] second_conv_part_91 = 5'(relu_quantize_0_2_0_d1) + {relu_quantize_0_3_1_d1, 2'd0};
  reg signed [2:0] second_conv_part_86_d1;
  always @(posedge clk) second_conv_part_86_d1 <= second_conv_part_86;
  (* keep *) wire [4:0] second_conv_part_93 = second_conv_part_91 - {4'(second_conv_part_86_d1), 1'd0};
  (* keep *) wire signed [6:0] second_conv_part_94 = 7'(second_conv_part_89) + 7'(second_conv_part_93);
  (* keep *) wire signed [6:0] second_conv_part_96 = 7'(second_conv_part_78) - {second_conv_part_89, 2'd0};
  (* keep *) wire signed [6:0] second_conv_part_97 = second_conv_part_94 - 7'(second_conv_part_84);
  (* keep *) wire signed [8:0] second_conv_0_2_0 = 9'(second_conv_part_97) + {8'(second_conv_part_96), 1'd0};
  (* keep *) wire [3:0] second_conv_part_101 = 4'(relu_quantize_0_1_0) + {relu_quantize_1_3_1, 1'd0};
  (* keep *) wire [3:0] second_conv_part_102 = 4'(relu_quantize_0_1_1_d1) + 4'(relu_quantize_1_1_1_d1);
  (* keep *) wire signed [6:0] second_conv_part_104 = 7'(second_conv_part_86_d1) + {4'(relu_quantize_1_3_1_d1), 3'd0};
  reg [3:0] second_conv_part_101_d1;
  always @(posedge clk) second_conv_part_101_d1 <= second_conv_part_101;
  (* keep *) wire signed [5:0] second_conv_part_105 = 6'(second_conv_part_87_d1) - 6'(second_conv_part_101_d1);
  (* keep *) wire signed [6:0] second_conv_part_107 = 7'(second_conv_part_77) - {5'(second_conv_part_102), 2'd0};
  (* keep *) wire signed [6:0] second_conv_part_108 = second_conv_part_104 + 7'(second_conv_part_105);
  (* keep *) wire signed [6:0] second_conv_part_110 = 7'(second_conv_part_84) + {second_conv_part_78, 2'd0};
  (* keep *) wire signed [6:0] second_conv_part_111 = second_conv_part_107 + second_conv_part_108;
  (* keep *) wire signed [7:0] second_conv_0_2_1 = 8'(second_conv_part_110) + 8'(second_conv_part_111);
  (* keep *) wire signed [4:0] second_conv_part_114 = 5'd0 - {4'(relu_quantize_0_3_1_d1), 1'd0};
  // relu.quantize
  reg [1:0] relu_quantize_1_3_0_d1;
  always @(posedge clk) relu_quantize_1_3_0_d1 <= relu_quantize_1_3_0;
  // second.conv
  (* keep *) wire [2:0] second_conv_part_115 = 3'(relu_quantize_1_3_0_d1) + relu_quantize_1_3_1_d1;
  // relu.quantize
  reg [1:0] relu_quantize_0_3_0_d1;
  always @(posedge clk) relu_quantize_0_3_0_d1 <= relu_quantize_0_3_0;
  // second.conv
  (* keep *) wire signed [3:0] second_conv_part_117 = 4'(second_conv_part_115) - {relu_quantize_0_3_0_d1, 2'd0};
  (* keep *) wire signed [5:0] second_conv_part_118 = {5'(relu_quantize_0_3_1_d1), 1'd0} + 6'(second_conv_part_117);
  // relu.quantize
  reg [1:0] relu_quantize_1_2_0_d1;
  always @(posedge clk) relu_quantize_1_2_0_d1 <= relu_quantize_1_2_0;
  // second.conv
  (* keep *) wire signed [2:0] second_conv_part_120 = 3'd0 - {relu_quantize_1_2_0_d1, 1'd0};
  (* keep *) wire signed [3:0] second_conv_part_121 = 4'd0 - 4'(relu_quantize_0_2_1_d1);
  // relu.quantize
  reg [2:0] relu_quantize_1_2_1_d1;
  always @(posedge clk) relu_quantize_1_2_1_d1 <= relu_quantize_1_2_1;
  // second.conv
  (* keep *) wire signed [3:0] second_conv_part_122 = 4'(relu_quantize_1_2_1_d1) + second_conv_part_121;
  (* keep *) wire [3:0] second_conv_part_124 = 4'(relu_quantize_0_3_0_d1) - {second_conv_part_120, 1'd0};
  (* keep *) wire signed [5:0] second_conv_part_126 = 6'(second_conv_part_122) + {second_conv_part_114, 1'd0};
  (* keep *) wire signed [6:0] second_conv_part_128 = 7'(second_conv_part_124) - {second_conv_part_122, 3'd0};
  (* keep *) wire signed [6:0] second_conv_part_129 = 7'(second_conv_part_126) - 7'(second_conv_part_118);
  reg signed [6:0] second_conv_part_128_d1;
  always @(posedge clk) second_conv_part_128_d1 <= second_conv_part_128;
  reg signed [6:0] second_conv_part_129_d1;
  always @(posedge clk) second_conv_part_129_d1 <= second_conv_part_129;
  (* keep *) wire signed [7:0] second_conv_0_3_0 = 8'(second_conv_part_128_d1) + 8'(second_conv_part_129_d1);
  // relu.quantize
  reg [2:0] relu_quantize_1_0_1_d1;
  always @(posedge clk) relu_quantize_1_0_1_d1 <= relu_quantize_1_0_1;
  // second.conv
  (* keep *) wire signed [4:0] second_conv_part_140 = 5'd0 - {4'(relu_quantize_1_0_1_d1), 1'd0};
  // relu.quantize
  reg [1:0] relu_quantize_1_1_0_d1;
  always @(posedge clk) relu_quantize_1_1_0_d1 <= relu_quantize_1_1_0;
  // second.conv
  (* keep *) wire signed [1:0] second_conv_part_141 = 2'd0 - relu_quantize_1_1_0_d1;
  (* keep *) wire signed [3:0] second_conv_part_142 = 4'(relu_quantize_1_1_1_d1) + 4'(second_conv_part_141);
  (* keep *) wire signed [4:0] second_conv_part_143 = second_conv_part_140 + 5'(second_conv_part_142);
  // relu.quantize
  reg [1:0] relu_quantize_2_0_0_d1;
  always @(posedge clk) relu_quantize_2_0_0_d1 <= relu_quantize_2_0_0;
  // second.conv
  (* keep *) wire signed [3:0] second_conv_part_144 = 4'(relu_quantize_2_0_0_d1) - 4'(relu_quantize_0_0_1_d1);
  // relu.quantize
  reg [1:0] relu_quantize_2_1_0_d1;
  always @(posedge clk) relu_quantize_2_1_0_d1 <= relu_quantize_2_1_0;
  // second.conv
  (* keep *) wire [3:0] second_conv_part_146 = 4'(relu_quantize_2_0_1) + {3'(relu_quantize_2_1_0_d1), 1'd0};
  // relu.quantize
  reg [1:0] relu_quantize_1_0_0_d1;
  always @(posedge clk) relu_quantize_1_0_0_d1 <= relu_quantize_1_0_0;
  // second.conv
  (* keep *) wire signed [4:0] second_conv_part_148 = 5'(second_conv_part_144) - {3'(relu_quantize_1_0_0_d1), 2'd0};
  (* keep *) wire signed [4:0] second_conv_part_149 = 5'(second_conv_part_146) + second_conv_part_148;
  (* keep *) wire signed [5:0] second_conv_part_150 = {5'(relu_quantize_1_0_1_d1), 1'd0} + 6'(second_conv_part_149);
  (* keep *) wire [2:0] second_conv_part_151 = 3'(relu_quantize_0_0_0_d1) + relu_quantize_2_1_1;
  (* keep *) wire [3:0] second_conv_part_152 = 4'(relu_quantize_0_1_1_d1) + 4'(second_conv_part_151);
  // relu.quantize
  reg [1:0] relu_quantize_0_1_0_d1;
  always @(posedge clk) relu_quantize_0_1_0_d1 <= relu_quantize_0_1_0;
  // second.conv
  (* keep *) wire signed [2:0] second_conv_part_153 = 3'(relu_quantize_1_0_0_d1) - {relu_quantize_0_1_0_d1, 1'd0};
  (* keep *) wire signed [5:0] second_conv_part_154 = {4'(relu_quantize_1_1_1_d1), 2'd0} + 6'(second_conv_part_153);
  (* keep *) wire signed [6:0] second_conv_part_155 = 7'(second_conv_part_152) + 7'(second_conv_part_154);
  reg [3:0] second_conv_part_152_d1;
  always @(posedge clk) second_conv_part_152_d1 <= second_conv_part_152;
  reg signed [4:0] second_conv_part_143_d1;
  always @(posedge clk) second_conv_part_143_d1 <= second_conv_part_143;
  (* keep *) wire signed [6:0] second_conv_part_157 = 7'(second_conv_part_143_d1) - {5'(second_conv_part_152_d1), 2'd0};
  reg signed [6:0] second_conv_part_155_d1;
  always @(posedge clk) second_conv_part_155_d1 <= second_conv_part_155;
  reg signed [5:0] second_conv_part_150_d1;
  always @(posedge clk) second_conv_part_150_d1 <= second_conv_part_150;
  (* keep *) wire signed [6:0] second_conv_part_158 = second_conv_part_155_d1 - 7'(second_conv_part_150_d1);
  (* keep *) wire signed [8:0] second_conv_1_0_0 = 9'(second_conv_part_158) + {8'(second_conv_part_157), 1'd0};
  (* keep *) wire [2:0] second_conv_part_161 = 3'(relu_quantize_0_1_0_d1) + relu_quantize_0_1_1_d1;
  (* keep *) wire [3:0] second_conv_part_162 = 4'(relu_quantize_0_1_0_d1) + {relu_quantize_0_1_1_d1, 1'd0};
  (* keep *) wire [5:0] second_conv_part_164 = 6'(second_conv_part_161) + {relu_quantize_2_1_1, 3'd0};
  (* keep *) wire [4:0] second_conv_part_166 = 5'(second_conv_part_151) + {second_conv_part_162, 1'd0};
  (* keep *) wire signed [6:0] second_conv_part_167 = 7'(second_conv_part_142) + 7'(second_conv_part_164);
  (* keep *) wire signed [6:0] second_conv_part_169 = {6'(second_conv_part_143), 1'd0} - 7'(second_conv_part_166);
  (* keep *) wire signed [7:0] second_conv_part_170 = 8'(second_conv_part_150) + 8'(second_conv_part_167);
  reg signed [6:0] second_conv_part_169_d1;
  always @(posedge clk) second_conv_part_169_d1 <= second_conv_part_169;
  reg signed [7:0] second_conv_part_170_d1;
  always @(posedge clk) second_conv_part_170_d1 <= second_conv_part_170;
  (* keep *) wire signed [7:0] second_conv_1_0_1 = second_conv_part_170_d1 + {second_conv_part_169_d1, 1'd0};
  (* keep *) wire signed [4:0] second_conv_part_173 = 5'(relu_quantize_0_0_0_d1) - {4'(relu_quantize_1_1_1_d1), 1'd0};
  (* keep *) wire signed [3:0] second_conv_part_174 = 4'(relu_quantize_0_0_1_d1) - 4'(relu_quantize_1_2_0_d1);
  (* keep *) wire signed [4:0] second_conv_part_175 = 5'(relu_quantize_1_2_1_d1) + 5'(second_conv_part_174);
  (* keep *) wire signed [4:0] second_conv_part_176 = second_conv_part_173 + second_conv_part_175;
  (* keep *) wire signed [3:0] second_conv_part_177 = 4'(relu_quantize_2_1_0_d1) - 4'(relu_quantize_0_1_1_d1);
  (* keep *) wire [3:0] second_conv_part_179 = 4'(relu_quantize_2_1_1) + {3'(relu_quantize_2_2_0), 1'd0};
  (* keep *) wire signed [4:0] second_conv_part_181 = 5'(second_conv_part_177) - {3'(relu_quantize_1_1_0_d1), 2'd0};
  (* keep *) wire signed [4:0] second_conv_part_182 = 5'(second_conv_part_179) + second_conv_part_181;
  (* keep *) wire signed [5:0] second_conv_part_183 = {5'(relu_quantize_1_1_1_d1), 1'd0} + 6'(second_conv_part_182);
  (* keep *) wire signed [2:0] second_conv_part_185 = 3'(relu_quantize_0_2_0_d1) - {relu_quantize_2_0_0_d1, 1'd0};
  (* keep *) wire signed [3:0] second_conv_part_186 = 4'(relu_quantize_0_2_1_d1) - 4'(relu_quantize_1_0_1_d1);
  (* keep *) wire [2:0] second_conv_part_187 = 3'(relu_quantize_0_1_0_d1) + relu_quantize_2_2_1;
  (* keep *) wire [3:0] second_conv_part_188 = 4'(relu_quantize_2_0_1) + 4'(second_conv_part_187);
  (* keep *) wire signed [5:0] second_conv_part_189 = 6'(second_conv_part_186) + 6'(second_conv_part_188);
  (* keep *) wire [4:0] second_conv_part_190 = 5'(relu_quantize_1_1_0_d1) + {relu_quantize_1_2_1_d1, 2'd0};
  (* keep *) wire signed [5:0] second_conv_part_192 = 6'(second_conv_part_190) - {5'(second_conv_part_185), 1'd0};
  (* keep *) wire signed [6:0] second_conv_part_194 = 7'(second_conv_part_192) + {6'(second_conv_part_176), 1'd0};
  (* keep *) wire signed [8:0] second_conv_part_196 = 9'(second_conv_part_189) - {second_conv_part_189, 3'd0};
  (* keep *) wire signed [7:0] second_conv_part_197 = 8'(second_conv_part_194) - 8'(second_conv_part_183);
  reg signed [8:0] second_conv_part_196_d1;
  always @(posedge clk) second_conv_part_196_d1 <= second_conv_part_196;
  reg signed [7:0] second_conv_part_197_d1;
  always @(posedge clk) second_conv_part_197_d1 <= second_conv_part_197;
  (* keep *) wire signed [8:0] second_conv_1_1_0 = second_conv_part_196_d1 + 9'(second_conv_part_197_d1);
  (* keep *) wire [3:0] second_conv_part_200 = 4'(relu_quantize_1_0_0_d1) + {relu_quantize_0_2_0_d1, 2'd0};
  (* keep *) wire [3:0] second_conv_part_201 = 4'(relu_quantize_1_0_1_d1) + 4'(relu_quantize_2_0_1);
  (* keep *) wire signed [3:0] second_conv_part_202 = 4'(relu_quantize_2_2_1) - 4'(relu_quantize_0_2_1_d1);
  (* keep *) wire signed [4:0] second_conv_part_203 = 5'(second_conv_part_185) + 5'(second_conv_part_186);
  (* keep *) wire [4:0] second_conv_part_205 = 5'(second_conv_part_200) + {4'(second_conv_part_187), 1'd0};
  (* keep *) wire signed [5:0] second_conv_part_207 = {5'(second_conv_part_202), 1'd0} - 6'(second_conv_part_201);
  (* keep *) wire signed [5:0] second_conv_part_208 = 6'(second_conv_part_175) + 6'(second_conv_part_203);
  (* keep *) wire signed [7:0] second_conv_part_210 = {second_conv_part_207, 2'd0} - 8'(second_conv_part_205);
  reg signed [4:0] second_conv_part_176_d1;
  always @(posedge clk) second_conv_part_176_d1 <= second_conv_part_176;
  reg signed [5:0] second_conv_part_208_d1;
  always @(posedge clk) second_conv_part_208_d1 <= second_conv_part_208;
  (* keep *) wire signed [7:0] second_conv_part_212 = 8'(second_conv_part_208_d1) + {6'(second_conv_part_176_d1), 2'd0};
  reg signed [5:0] second_conv_part_183_d1;
  always @(posedge clk) second_conv_part_183_d1 <= second_conv_part_183;
  reg signed [7:0] second_conv_part_210_d1;
  always @(posedge clk) second_conv_part_210_d1 <= second_conv_part_210;
  (* keep *) wire signed [7:0] second_conv_part_213 = 8'(second_conv_part_183_d1) + second_conv_part_210_d1;
  (* keep *) wire signed [8:0] second_conv_1_1_1 = 9'(second_conv_part_212) + 9'(second_conv_part_213);
  (* keep *) wire signed [4:0] second_conv_part_215 = 5'(relu_quantize_0_1_0_d1) - {4'(relu_quantize_1_2_1_d1), 1'd0};
  (* keep *) wire signed [3:0] second_conv_part_216 = 4'(relu_quantize_0_1_1_d1) - 4'(relu_quantize_1_3_0_d1);
  (* keep *) wire signed [4:0] second_conv_part_217 = 5'(relu_quantize_1_3_1_d1) + 5'(second_conv_part_216);
  (* keep *) wire signed [4:0] second_conv_part_218 = second_conv_part_215 + second_conv_part_217;
  (* keep *) wire signed [3:0] second_conv_part_219 = 4'(relu_quantize_2_2_0) - 4'(relu_quantize_0_2_1_d1);
  (* keep *) wire [3:0] second_conv_part_221 = 4'(relu_quantize_2_2_1) + {3'(relu_quantize_2_3_0), 1'd0};
  (* keep *) wire signed [4:0] second_conv_part_223 = 5'(second_conv_part_219) - {3'(relu_quantize_1_2_0_d1), 2'd0};
  (* keep *) wire signed [4:0] second_conv_part_224 = 5'(second_conv_part_221) + second_conv_part_223;
  (* keep *) wire signed [5:0] second_conv_part_225 = {5'(relu_quantize_1_2_1_d1), 1'd0} + 6'(second_conv_part_224);
  (* keep *) wire signed [2:0] second_conv_part_226 = 3'(relu_quantize_0_3_0_d1) - {relu_quantize_2_1_0_d1, 1'd0};
  (* keep *) wire signed [3:0] second_conv_part_227 = 4'(relu_quantize_0_3_1_d1) - 4'(relu_quantize_1_1_1_d1);
  (* keep *) wire [2:0] second_conv_part_228 = 3'(relu_quantize_0_2_0_d1) + relu_quantize_2_3_1;
  (* keep *) wire [3:0] second_conv_part_229 = 4'(relu_quantize_2_1_1) + 4'(second_conv_part_228);
  (* keep *) wire signed [5:0] second_conv_part_230 = 6'(second_conv_part_227) + 6'(second_conv_part_229);
  (* keep *) wire [4:0] second_conv_part_232 = 5'(relu_quantize_1_2_0_d1) + {relu_quantize_1_3_1_d1, 2'd0};
  (* keep *) wire signed [5:0] second_conv_part_234 = 6'(second_conv_part_232) - {5'(second_conv_part_226), 1'd0};
  (* keep *) wire signed [6:0] second_conv_part_236 = 7'(second_conv_part_234) + {6'(second_conv_part_218), 1'd0};
  reg signed [5:0] second_conv_part_230_d1;
  always @(posedge clk) second_conv_part_230_d1 <= second_conv_part_230;
  (* keep *) wire signed [8:0] second_conv_part_238 = 9'(second_conv_part_230_d1) - {second_conv_part_230_d1, 3'd0};
  reg signed [6:0] second_conv_part_236_d1;
  always @(posedge clk) second_conv_part_236_d1 <= second_conv_part_236;
  reg signed [5:0] second_conv_part_225_d1;
  always @(posedge clk) second_conv_part_225_d1 <= second_conv_part_225;
  (* keep *) wire signed [7:0] second_conv_part_239 = 8'(second_conv_part_236_d1) - 8'(second_conv_part_225_d1);
  (* keep *) wire signed [8:0] second_conv_1_2_0 = second_conv_part_238 + 9'(second_conv_part_239);
  (* keep *) wire [3:0] second_conv_part_241 = 4'(relu_quantize_1_1_0_d1) + {relu_quantize_0_3_0_d1, 2'd0};
  (* keep *) wire [3:0] second_conv_part_242 = 4'(relu_quantize_1_1_1_d1) + 4'(relu_quantize_2_1_1);
  (* keep *) wire signed [3:0] second_conv_part_243 = 4'(relu_quantize_2_3_1) - 4'(relu_quantize_0_3_1_d1);
  (* keep *) wire signed [4:0] second_conv_part_244 = 5'(second_conv_part_226) + 5'(second_conv_part_227);
  (* keep *) wire [4:0] second_conv_part_246 = 5'(second_conv_part_241) + {4'(second_conv_part_228), 1'd0};
  (* keep *) wire signed [5:0] second_conv_part_248 = {5'(second_conv_part_243), 1'd0} - 6'(second_conv_part_242);
  reg signed [4:0] second_conv_part_217_d1;
  always @(posedge clk) second_conv_part_217_d1 <= second_conv_part_217;
  reg signed [4:0] second_conv_part_244_d1;
  always @(posedge clk) second_conv_part_244_d1 <= second_conv_part_244;
  (* keep *) wire signed [5:0] second_conv_part_249 = 6'(second_conv_part_217_d1) + 6'(second_conv_part_244_d1);
  reg signed [5:0] second_conv_part_248_d1;
  always @(posedge clk) second_conv_part_248_d1 <= second_conv_part_248;
  reg [4:0] second_conv_part_246_d1;
  always @(posedge clk) second_conv_part_246_d1 <= second_conv_part_246;
  (* keep *) wire signed [7:0] second_conv_part_251 = {second_conv_part_248_d1, 2'd0} - 8'(second_conv_part_246_d1);
  reg signed [4:0] second_conv_part_218_d1;
  always @(posedge clk) second_conv_part_218_d1 <= second_conv_part_218;
  (* keep *) wire signed [7:0] second_conv_part_253 = 8'(second_conv_part_249) + {6'(second_conv_part_218_d1), 2'd0};
  (* keep *) wire signed [7:0] second_conv_part_254 = 8'(second_conv_part_225_d1) + second_conv_part_251;
  (* keep *) wire signed [8:0] second_conv_1_2_1 = 9'(second_conv_part_253) + 9'(second_conv_part_254);
  // relu.quantize
  reg [1:0] relu_quantize_0_2_0_d2;
  always @(posedge clk) relu_quantize_0_2_0_d2 <= relu_quantize_0_2_0_d1;
  reg [2:0] relu_quantize_1_3_1_d2;
  always @(posedge clk) relu_quantize_1_3_1_d2 <= relu_quantize_1_3_1_d1;
  // second.conv
  (* keep *) wire signed [4:0] second_conv_part_256 = 5'(relu_quantize_0_2_0_d2) - {4'(relu_quantize_1_3_1_d2), 1'd0};
  // relu.quantize
  reg [2:0] relu_quantize_0_2_1_d2;
  always @(posedge clk) relu_quantize_0_2_1_d2 <= relu_quantize_0_2_1_d1;
  // second.conv
  (* keep *) wire signed [4:0] second_conv_part_257 = 5'(relu_quantize_0_2_1_d2) + second_conv_part_256;
  (* keep *) wire signed [3:0] second_conv_part_258 = 4'(relu_quantize_2_3_0) - 4'(relu_quantize_0_3_1_d1);
  (* keep *) wire signed [3:0] second_conv_part_260 = 4'(relu_quantize_2_3_1) - {relu_quantize_1_3_0_d1, 2'd0};
  reg signed [3:0] second_conv_part_258_d1;
  always @(posedge clk) second_conv_part_258_d1 <= second_conv_part_258;
  reg signed [3:0] second_conv_part_260_d1;
  always @(posedge clk) second_conv_part_260_d1 <= second_conv_part_260;
  (* keep *) wire signed [4:0] second_conv_part_261 = 5'(second_conv_part_258_d1) + 5'(second_conv_part_260_d1);
  (* keep *) wire signed [5:0] second_conv_part_262 = {5'(relu_quantize_1_3_1_d2), 1'd0} + 6'(second_conv_part_261);
  // relu.quantize
  reg [1:0] relu_quantize_2_2_0_d1;
  always @(posedge clk) relu_quantize_2_2_0_d1 <= relu_quantize_2_2_0;
  // second.conv
  (* keep *) wire signed [2:0] second_conv_part_263 = 3'd0 - {relu_quantize_2_2_0_d1, 1'd0};
  (* keep *) wire signed [3:0] second_conv_part_264 = 4'd0 - 4'(relu_quantize_1_2_1_d1);
  // relu.quantize
  reg [1:0] relu_quantize_0_3_0_d2;
  always @(posedge clk) relu_quantize_0_3_0_d2 <= relu_quantize_0_3_0_d1;
  reg [2:0] relu_quantize_2_2_1_d1;
  always @(posedge clk) relu_quantize_2_2_1_d1 <= relu_quantize_2_2_1;
  // second.conv
  (* keep *) wire [2:0] second_conv_part_265 = 3'(relu_quantize_0_3_0_d2) + relu_quantize_2_2_1_d1;
  reg signed [3:0] second_conv_part_264_d1;
  always @(posedge clk) second_conv_part_264_d1 <= second_conv_part_264;
  (* keep *) wire signed [3:0] second_conv_part_266 = second_conv_part_264_d1 + 4'(second_conv_part_265);
  // relu.quantize
  reg [1:0] relu_quantize_1_3_0_d2;
  always @(posedge clk) relu_quantize_1_3_0_d2 <= relu_quantize_1_3_0_d1;
  // second.conv
  (* keep *) wire [3:0] second_conv_part_268 = 4'(relu_quantize_1_3_0_d2) - {second_conv_part_263, 1'd0};
  (* keep *) wire signed [5:0] second_conv_part_269 = 6'(second_conv_part_266) + 6'(second_conv_part_268);
  (* keep *) wire signed [6:0] second_conv_part_271 = 7'(second_conv_part_257) - {5'(second_conv_part_266), 2'd0};
  (* keep *) wire signed [5:0] second_conv_part_272 = second_conv_part_269 - second_conv_part_262;
  (* keep *) wire signed [7:0] second_conv_1_3_0 = 8'(second_conv_part_272) + {second_conv_part_271, 1'd0};
  (* keep *) wire signed [3:0] second_conv_part_275 = 4'(relu_quantize_0_2_1_d1) - 4'(relu_quantize_1_2_0_d1);
  // relu.quantize
  reg [2:0] relu_quantize_1_2_1_d2;
  always @(posedge clk) relu_quantize_1_2_1_d2 <= relu_quantize_1_2_1_d1;
  // second.conv
  (* keep *) wire [3:0] second_conv_part_276 = 4'(relu_quantize_0_3_0_d2) + {relu_quantize_1_2_1_d2, 1'd0};
  (* keep *) wire signed [5:0] second_conv_part_278 = 6'(second_conv_part_263) - {4'(relu_quantize_2_2_1_d1), 2'd0};
  reg signed [3:0] second_conv_part_275_d1;
  always @(posedge clk) second_conv_part_275_d1 <= second_conv_part_275;
  (* keep *) wire signed [3:0] second_conv_part_279 = second_conv_part_264_d1 + second_conv_part_275_d1;
  (* keep *) wire signed [5:0] second_conv_part_281 = 6'(second_conv_part_279) - {5'(second_conv_part_276), 1'd0};
  (* keep *) wire signed [6:0] second_conv_part_283 = 7'(second_conv_part_278) + {second_conv_part_257, 2'd0};
  (* keep *) wire signed [6:0] second_conv_part_284 = 7'(second_conv_part_262) + 7'(second_conv_part_281);
  (* keep *) wire signed [7:0] second_conv_1_3_1 = 8'(second_conv_part_283) + 8'(second_conv_part_284);
  // relu.quantize
  reg [2:0] relu_quantize_2_0_1_d1;
  always @(posedge clk) relu_quantize_2_0_1_d1 <= relu_quantize_2_0_1;
  // second.conv
  (* keep *) wire signed [4:0] second_conv_part_287 = 5'd0 - {4'(relu_quantize_2_0_1_d1), 1'd0};
  // relu.quantize
  reg [1:0] relu_quantize_2_1_0_d2;
  always @(posedge clk) relu_quantize_2_1_0_d2 <= relu_quantize_2_1_0_d1;
  // second.conv
  (* keep *) wire signed [1:0] second_conv_part_288 = 2'd0 - relu_quantize_2_1_0_d2;
  // relu.quantize
  reg [2:0] relu_quantize_2_1_1_d1;
  always @(posedge clk) relu_quantize_2_1_1_d1 <= relu_quantize_2_1_1;
  // second.conv
  (* keep *) wire signed [3:0] second_conv_part_289 = 4'(relu_quantize_2_1_1_d1) + 4'(second_conv_part_288);
  (* keep *) wire signed [4:0] second_conv_part_290 = second_conv_part_287 + 5'(second_conv_part_289);
  (* keep *) wire signed [3:0] second_conv_part_291 = 4'(relu_quantize_3_0_0) - 4'(relu_quantize_1_0_1_d1);
  // relu.quantize
  reg [1:0] relu_quantize_3_1_0_d1;
  always @(posedge clk) relu_quantize_3_1_0_d1 <= relu_quantize_3_1_0;
  reg [2:0] relu_quantize_3_0_1_d1;
  always @(posedge clk) relu_quantize_3_0_1_d1 <= relu_quantize_3_0_1;
  // second.conv
  (* keep *) wire [3:0] second_conv_part_293 = 4'(relu_quantize_3_0_1_d1) + {3'(relu_quantize_3_1_0_d1), 1'd0};
  // relu.quantize
  reg [1:0] relu_quantize_2_0_0_d2;
  always @(posedge clk) relu_quantize_2_0_0_d2 <= relu_quantize_2_0_0_d1;
  // second.conv
  reg signed [3:0] second_conv_part_291_d1;
  always @(posedge clk) second_conv_part_291_d1 <= second_conv_part_291;
  (* keep *) wire signed [4:0] second_conv_part_295 = 5'(second_conv_part_291_d1) - {3'(relu_quantize_2_0_0_d2), 2'd0};
  (* keep *) wire signed [4:0] second_conv_part_296 = 5'(second_conv_part_293) + second_conv_part_295;
  (* keep *) wire signed [5:0] second_conv_part_297 = {5'(relu_quantize_2_0_1_d1), 1'd0} + 6'(second_conv_part_296);
  // relu.quantize
  reg [1:0] relu_quantize_1_0_0_d2;
  always @(posedge clk) relu_quantize_1_0_0_d2 <= relu_quantize_1_0_0_d1;
  reg [2:0] relu_quantize_3_1_1_d1;
  always @(posedge clk) relu_quantize_3_1_1_d1 <= relu_quantize_3_1_1;
  // second.conv
  (* keep *) wire [2:0] second_conv_part_298 = 3'(relu_quantize_1_0_0_d2) + relu_quantize_3_1_1_d1;
  // relu.quantize
  reg [2:0] relu_quantize_1_1_1_d2;
  always @(posedge clk) relu_quantize_1_1_1_d2 <= relu_quantize_1_1_1_d1;
  // second.conv
  (* keep *) wire [3:0] second_conv_part_299 = 4'(relu_quantize_1_1_1_d2) + 4'(second_conv_part_298);
  // relu.quantize
  reg [1:0] relu_quantize_1_1_0_d2;
  always @(posedge clk) relu_quantize_1_1_0_d2 <= relu_quantize_1_1_0_d1;
  // second.conv
  (* keep *) wire signed [2:0] second_conv_part_300 = 3'(relu_quantize_2_0_0_d2) - {relu_quantize_1_1_0_d2, 1'd0};
  (* keep *) wire signed [5:0] second_conv_part_302 = 6'(second_conv_part_300) + {4'(relu_quantize_2_1_1_d1), 2'd0};
  (* keep *) wire signed [6:0] second_conv_part_303 = 7'(second_conv_part_299) + 7'(second_conv_part_302);
  (* keep *) wire signed [6:0] second_conv_part_305 = 7'(second_conv_part_290) - {5'(second_conv_part_299), 2'd0};
  (* keep *) wire signed [6:0] second_conv_part_306 = second_conv_part_303 - 7'(second_conv_part_297);
  reg signed [6:0] second_conv_part_305_d1;
  always @(posedge clk) second_conv_part_305_d1 <= second_conv_part_305;
  reg signed [6:0] second_conv_part_306_d1;
  always @(posedge clk) second_conv_part_306_d1 <= second_conv_part_306;
  (* keep *) wire signed [8:0] second_conv_2_0_0 = 9'(second_conv_part_306_d1) + {8'(second_conv_part_305_d1), 1'd0};
  (* keep *) wire [3:0] second_conv_part_309 = 4'(relu_quantize_1_1_0_d2) + {relu_quantize_1_1_1_d2, 1'd0};
  reg [2:0] second_conv_part_40_d1;
  always @(posedge clk) second_conv_part_40_d1 <= second_conv_part_40;
  reg [2:0] second_conv_part_40_d2;
  always @(posedge clk) second_conv_part_40_d2 <= second_conv_part_40_d1;
  (* keep *) wire [5:0] second_conv_part_311 = 6'(second_conv_part_40_d2) + {relu_quantize_3_1_1_d1, 3'd0};
  (* keep *) wire [4:0] second_conv_part_313 = 5'(second_conv_part_298) + {second_conv_part_309, 1'd0};
  (* keep *) wire signed [6:0] second_conv_part_314 = 7'(second_conv_part_289) + 7'(second_conv_part_311);
  (* keep *) wire signed [6:0] second_conv_part_316 = {6'(second_conv_part_290), 1'd0} - 7'(second_conv_part_313);
  (* keep *) wire signed [7:0] second_conv_part_317 = 8'(second_conv_part_297) + 8'(second_conv_part_314);
  (* keep *) wire signed [7:0] second_conv_2_0_1 = second_conv_part_317 + {second_conv_part_316, 1'd0};
  (* keep *) wire signed [4:0] second_conv_part_321 = 5'(relu_quantize_1_0_0_d2) - {4'(relu_quantize_2_1_1_d1), 1'd0};
  (* keep *) wire signed [3:0] second_conv_part_322 = 4'(relu_quantize_1_0_1_d1) - 4'(relu_quantize_2_2_0);
  reg signed [3:0] second_conv_part_322_d1;
  always @(posedge clk) second_conv_part_322_d1 <= second_conv_part_322;
  (* keep *) wire signed [4:0] second_conv_part_323 = 5'(relu_quantize_2_2_1_d1) + 5'(second_conv_part_322_d1);
  (* keep *) wire signed [4:0] second_conv_part_324 = second_conv_part_321 + second_conv_part_323;
  (* keep *) wire signed [3:0] second_conv_part_325 = 4'(relu_quantize_3_1_0) - 4'(relu_quantize_1_1_1_d1);
  // relu.quantize
  reg [1:0] relu_quantize_3_2_0_d1;
  always @(posedge clk) relu_quantize_3_2_0_d1 <= relu_quantize_3_2_0;
  // second.conv
  (* keep *) wire [3:0] second_conv_part_327 = 4'(relu_quantize_3_1_1_d1) + {3'(relu_quantize_3_2_0_d1), 1'd0};
  reg signed [3:0] second_conv_part_325_d1;
  always @(posedge clk) second_conv_part_325_d1 <= second_conv_part_325;
  (* keep *) wire signed [4:0] second_conv_part_329 = 5'(second_conv_part_325_d1) - {3'(relu_quantize_2_1_0_d2), 2'd0};
  (* keep *) wire signed [4:0] second_conv_part_330 = 5'(second_conv_part_327) + second_conv_part_329;
  (* keep *) wire signed [5:0] second_conv_part_331 = {5'(relu_quantize_2_1_1_d1), 1'd0} + 6'(second_conv_part_330);
  // relu.quantize
  reg [1:0] relu_quantize_3_0_0_d1;
  always @(posedge clk) relu_quantize_3_0_0_d1 <= relu_quantize_3_0_0;
  reg [1:0] relu_quantize_1_2_0_d2;
  always @(posedge clk) relu_quantize_1_2_0_d2 <= relu_quantize_1_2_0_d1;
  // second.conv
  (* keep *) wire signed [2:0] second_conv_part_333 = 3'(relu_quantize_1_2_0_d2) - {relu_quantize_3_0_0_d1, 1'd0};
  (* keep *) wire signed [3:0] second_conv_part_334 = 4'(relu_quantize_1_2_1_d2) - 4'(relu_quantize_2_0_1_d1);
  // relu.quantize
  reg [2:0] relu_quantize_3_2_1_d1;
  always @(posedge clk) relu_quantize_3_2_1_d1 <= relu_quantize_3_2_1;
  // second.conv
  (* keep *) wire [2:0] second_conv_part_335 = 3'(relu_quantize_1_1_0_d2) + relu_quantize_3_2_1_d1;
  (* keep *) wire [3:0] second_conv_part_336 = 4'(relu_quantize_3_0_1_d1) + 4'(second_conv_part_335);
  (* keep *) wire signed [5:0] second_conv_part_337 = 6'(second_conv_part_334) + 6'(second_conv_part_336);
  (* keep *) wire [4:0] second_conv_part_338 = 5'(relu_quantize_2_1_0_d2) + {relu_quantize_2_2_1_d1, 2'd0};
  (* keep *) wire signed [5:0] second_conv_part_340 = 6'(second_conv_part_338) - {5'(second_conv_part_333), 1'd0};
  (* keep *) wire signed [6:0] second_conv_part_342 = 7'(second_conv_part_340) + {6'(second_conv_part_324), 1'd0};
  (* keep *) wire signed [8:0] second_conv_part_344 = 9'(second_conv_part_337) - {second_conv_part_337, 3'd0};
  (* keep *) wire signed [7:0] second_conv_part_345 = 8'(second_conv_part_342) - 8'(second_conv_part_331);
  (* keep *) wire signed [8:0] second_conv_2_1_0 = second_conv_part_344 + 9'(second_conv_part_345);
  (* keep *) wire [3:0] second_conv_part_347 = 4'(relu_quantize_2_0_0_d2) + {relu_quantize_1_2_0_d2, 2'd0};
  (* keep *) wire [3:0] second_conv_part_348 = 4'(relu_quantize_2_0_1_d1) + 4'(relu_quantize_3_0_1_d1);
  (* keep *) wire signed [3:0] second_conv_part_349 = 4'(relu_quantize_3_2_1_d1) - 4'(relu_quantize_1_2_1_d2);
  (* keep *) wire signed [4:0] second_conv_part_350 = 5'(second_conv_part_333) + 5'(second_conv_part_334);
  (* keep *) wire [4:0] second_conv_part_352 = 5'(second_conv_part_347) + {4'(second_conv_part_335), 1'd0};
  (* keep *) wire signed [5:0] second_conv_part_354 = {5'(second_conv_part_349), 1'd0} - 6'(second_conv_part_348);
  (* keep *) wire signed [5:0] second_conv_part_355 = 6'(second_conv_part_323) + 6'(second_conv_part_350);
  (* keep *) wire signed [7:0] second_conv_part_357 = {second_conv_part_354, 2'd0} - 8'(second_conv_part_352);
  (* keep *) wire signed [7:0] second_conv_part_359 = 8'(second_conv_part_355) + {6'(second_conv_part_324), 2'd0};
  (* keep *) wire signed [7:0] second_conv_part_360 = 8'(second_conv_part_331) + second_conv_part_357;
  reg signed [7:0] second_conv_part_359_d1;
  always @(posedge clk) second_conv_part_359_d1 <= second_conv_part_359;
  reg signed [7:0] second_conv_part_360_d1;
  always @(posedge clk) second_conv_part_360_d1 <= second_conv_part_360;
  (* keep *) wire signed [8:0] second_conv_2_1_1 = 9'(second_conv_part_359_d1) + 9'(second_conv_part_360_d1);
  (* keep *) wire signed [4:0] second_conv_part_363 = 5'(relu_quantize_1_1_0_d2) - {4'(relu_quantize_2_2_1_d1), 1'd0};
  // relu.quantize
  reg [1:0] relu_quantize_2_3_0_d1;
  always @(posedge clk) relu_quantize_2_3_0_d1 <= relu_quantize_2_3_0;
  // second.conv
  (* keep *) wire signed [3:0] second_conv_part_364 = 4'(relu_quantize_1_1_1_d2) - 4'(relu_quantize_2_3_0_d1);
  // relu.quantize
  reg [2:0] relu_quantize_2_3_1_d1;
  always @(posedge clk) relu_quantize_2_3_1_d1 <= relu_quantize_2_3_1;
  // second.conv
  (* keep *) wire signed [4:0] second_conv_part_365 = 5'(relu_quantize_2_3_1_d1) + 5'(second_conv_part_364);
  (* keep *) wire signed [4:0] second_conv_part_366 = second_conv_part_363 + second_conv_part_365;
  (* keep *) wire signed [3:0] second_conv_part_367 = 4'(relu_quantize_3_2_0_d1) - 4'(relu_quantize_1_2_1_d2);
  (* keep *) wire [3:0] second_conv_part_369 = 4'(relu_quantize_3_2_1_d1) + {3'(relu_quantize_3_3_0), 1'd0};
  (* keep *) wire signed [4:0] second_conv_part_371 = 5'(second_conv_part_367) - {3'(relu_quantize_2_2_0_d1), 2'd0};
  (* keep *) wire signed [4:0] second_conv_part_372 = 5'(second_conv_part_369) + second_conv_part_371;
  (* keep *) wire signed [5:0] second_conv_part_373 = {5'(relu_quantize_2_2_1_d1), 1'd0} + 6'(second_conv_part_372);
  (* keep *) wire signed [2:0] second_conv_part_374 = 3'(relu_quantize_1_3_0_d2) - {relu_quantize_3_1_0_d1, 1'd0};
  (* keep *) wire signed [3:0] second_conv_part_375 = 4'(relu_quantize_1_3_1_d2) - 4'(relu_quantize_2_1_1_d1);
  (* keep *) wire [2:0] second_conv_part_376 = 3'(relu_quantize_1_2_0_d2) + relu_quantize_3_3_1;
  (* keep *) wire [3:0] second_conv_part_377 = 4'(relu_quantize_3_1_1_d1) + 4'(second_conv_part_376);
  (* keep *) wire signed [5:0] second_conv_part_378 = 6'(second_conv_part_375) + 6'(second_conv_part_377);
  (* keep *) wire [4:0] second_conv_part_380 = 5'(relu_quantize_2_2_0_d1) + {relu_quantize_2_3_1_d1, 2'd0};
  (* keep *) wire signed [5:0] second_conv_part_382 = 6'(second_conv_part_380) - {5'(second_conv_part_374), 1'd0};
  (* keep *) wire signed [6:0] second_conv_part_384 = 7'(second_conv_part_382) + {6'(second_conv_part_366), 1'd0};
  (* keep *) wire signed [8:0] second_conv_part_386 = 9'(second_conv_part_378) - {second_conv_part_378, 3'd0};
  (* keep *) wire signed [7:0] second_conv_part_387 = 8'(second_conv_part_384) - 8'(second_conv_part_373);
  reg signed [8:0] second_conv_part_386_d1;
  always @(posedge clk) second_conv_part_386_d1 <= second_conv_part_386;
  reg signed [7:0] second_conv_part_387_d1;
  always @(posedge clk) second_conv_part_387_d1 <= second_conv_part_387;
  (* keep *) wire signed [8:0] second_conv_2_2_0 = second_conv_part_386_d1 + 9'(second_conv_part_387_d1);
  (* keep *) wire [3:0] second_conv_part_389 = 4'(relu_quantize_2_1_0_d2) + {relu_quantize_1_3_0_d2, 2'd0};
  (* keep *) wire [3:0] second_conv_part_390 = 4'(relu_quantize_2_1_1_d1) + 4'(relu_quantize_3_1_1_d1);
  (* keep *) wire signed [3:0] second_conv_part_391 = 4'(relu_quantize_3_3_1) - 4'(relu_quantize_1_3_1_d2);
  (* keep *) wire signed [4:0] second_conv_part_392 = 5'(second_conv_part_374) + 5'(second_conv_part_375);
  (* keep *) wire [4:0] second_conv_part_394 = 5'(second_conv_part_389) + {4'(second_conv_part_376), 1'd0};
  (* keep *) wire signed [5:0] second_conv_part_396 = {5'(second_conv_part_391), 1'd0} - 6'(second_conv_part_390);
  (* keep *) wire signed [5:0] second_conv_part_397 = 6'(second_conv_part_365) + 6'(second_conv_part_392);
  (* keep *) wire signed [7:0] second_conv_part_399 = {second_conv_part_396, 2'd0} - 8'(second_conv_part_394);
  reg signed [4:0] second_conv_part_366_d1;
  always @(posedge clk) second_conv_part_366_d1 <= second_conv_part_366;
  reg signed [5:0] second_conv_part_397_d1;
  always @(posedge clk) second_conv_part_397_d1 <= second_conv_part_397;
  (* keep *) wire signed [7:0] second_conv_part_401 = 8'(second_conv_part_397_d1) + {6'(second_conv_part_366_d1), 2'd0};
  reg signed [5:0] second_conv_part_373_d1;
  always @(posedge clk) second_conv_part_373_d1 <= second_conv_part_373;
  reg signed [7:0] second_conv_part_399_d1;
  always @(posedge clk) second_conv_part_399_d1 <= second_conv_part_399;
  (* keep *) wire signed [7:0] second_conv_part_402 = 8'(second_conv_part_373_d1) + second_conv_part_399_d1;
  (* keep *) wire signed [8:0] second_conv_2_2_1 = 9'(second_conv_part_401) + 9'(second_conv_part_402);
  (* keep *) wire signed [4:0] second_conv_part_405 = 5'(relu_quantize_1_2_0_d2) - {4'(relu_quantize_2_3_1_d1), 1'd0};
  // relu.quantize
  reg [2:0] relu_quantize_1_2_1_d3;
  always @(posedge clk) relu_quantize_1_2_1_d3 <= relu_quantize_1_2_1_d2;
  // second.conv
  reg signed [4:0] second_conv_part_405_d1;
  always @(posedge clk) second_conv_part_405_d1 <= second_conv_part_405;
  (* keep *) wire signed [4:0] second_conv_part_406 = 5'(relu_quantize_1_2_1_d3) + second_conv_part_405_d1;
  (* keep *) wire signed [3:0] second_conv_part_407 = 4'(relu_quantize_3_3_0) - 4'(relu_quantize_1_3_1_d2);
  (* keep *) wire signed [3:0] second_conv_part_409 = 4'(relu_quantize_3_3_1) - {relu_quantize_2_3_0_d1, 2'd0};
  (* keep *) wire signed [4:0] second_conv_part_410 = 5'(second_conv_part_407) + 5'(second_conv_part_409);
  // relu.quantize
  reg [2:0] relu_quantize_2_3_1_d2;
  always @(posedge clk) relu_quantize_2_3_1_d2 <= relu_quantize_2_3_1_d1;
  // second.conv
  reg signed [4:0] second_conv_part_410_d1;
  always @(posedge clk) second_conv_part_410_d1 <= second_conv_part_410;
  (* keep *) wire signed [5:0] second_conv_part_411 = {5'(relu_quantize_2_3_1_d2), 1'd0} + 6'(second_conv_part_410_d1);
  (* keep *) wire signed [2:0] second_conv_part_412 = 3'd0 - {relu_quantize_3_2_0_d1, 1'd0};
  (* keep *) wire signed [3:0] second_conv_part_413 = 4'd0 - 4'(relu_quantize_2_2_1_d1);
  (* keep *) wire [2:0] second_conv_part_414 = 3'(relu_quantize_1_3_0_d2) + relu_quantize_3_2_1_d1;
  reg signed [3:0] second_conv_part_413_d1;
  always @(posedge clk) second_conv_part_413_d1 <= second_conv_part_413;
  reg [2:0] second_conv_part_414_d1;
  always @(posedge clk) second_conv_part_414_d1 <= second_conv_part_414;
  (* keep *) wire signed [3:0] second_conv_part_415 = second_conv_part_413_d1 + 4'(second_conv_part_414_d1);
  reg signed [2:0] second_conv_part_412_d1;
  always @(posedge clk) second_conv_part_412_d1 <= second_conv_part_412;
  // relu.quantize
  reg [1:0] relu_quantize_2_3_0_d2;
  always @(posedge clk) relu_quantize_2_3_0_d2 <= relu_quantize_2_3_0_d1;
  // second.conv
  (* keep *) wire [3:0] second_conv_part_417 = 4'(relu_quantize_2_3_0_d2) - {second_conv_part_412_d1, 1'd0};
  (* keep *) wire signed [5:0] second_conv_part_418 = 6'(second_conv_part_415) + 6'(second_conv_part_417);
  (* keep *) wire signed [6:0] second_conv_part_420 = 7'(second_conv_part_406) - {5'(second_conv_part_415), 2'd0};
  (* keep *) wire signed [5:0] second_conv_part_421 = second_conv_part_418 - second_conv_part_411;
  (* keep *) wire signed [7:0] second_conv_2_3_0 = 8'(second_conv_part_421) + {second_conv_part_420, 1'd0};
  (* keep *) wire signed [3:0] second_conv_part_424 = 4'(relu_quantize_1_2_1_d2) - 4'(relu_quantize_2_2_0_d1);
  (* keep *) wire [3:0] second_conv_part_425 = 4'(relu_quantize_1_3_0_d2) + {relu_quantize_2_2_1_d1, 1'd0};
  // relu.quantize
  reg [2:0] relu_quantize_3_2_1_d2;
  always @(posedge clk) relu_quantize_3_2_1_d2 <= relu_quantize_3_2_1_d1;
  // second.conv
  (* keep *) wire signed [5:0] second_conv_part_427 = 6'(second_conv_part_412_d1) - {4'(relu_quantize_3_2_1_d2), 2'd0};
  (* keep *) wire signed [3:0] second_conv_part_428 = second_conv_part_413 + second_conv_part_424;
  reg [3:0] second_conv_part_425_d1;
  always @(posedge clk) second_conv_part_425_d1 <= second_conv_part_425;
  reg signed [3:0] second_conv_part_428_d1;
  always @(posedge clk) second_conv_part_428_d1 <= second_conv_part_428;
  (* keep *) wire signed [5:0] second_conv_part_430 = 6'(second_conv_part_428_d1) - {5'(second_conv_part_425_d1), 1'd0};
  (* keep *) wire signed [6:0] second_conv_part_432 = 7'(second_conv_part_427) + {second_conv_part_406, 2'd0};
  (* keep *) wire signed [6:0] second_conv_part_433 = 7'(second_conv_part_411) + 7'(second_conv_part_430);
  (* keep *) wire signed [7:0] second_conv_2_3_1 = 8'(second_conv_part_432) + 8'(second_conv_part_433);
  // relu.quantize
  reg [2:0] relu_quantize_3_0_1_d2;
  always @(posedge clk) relu_quantize_3_0_1_d2 <= relu_quantize_3_0_1_d1;
  // second.conv
  (* keep *) wire signed [4:0] second_conv_part_436 = 5'd0 - {4'(relu_quantize_3_0_1_d2), 1'd0};
  (* keep *) wire signed [1:0] second_conv_part_437 = 2'd0 - relu_quantize_3_1_0_d1;
  // relu.quantize
  reg [2:0] relu_quantize_3_1_1_d2;
  always @(posedge clk) relu_quantize_3_1_1_d2 <= relu_quantize_3_1_1_d1;
  // second.conv
  reg signed [1:0] second_conv_part_437_d1;
  always @(posedge clk) second_conv_part_437_d1 <= second_conv_part_437;
  (* keep *) wire signed [3:0] second_conv_part_438 = 4'(relu_quantize_3_1_1_d2) + 4'(second_conv_part_437_d1);
  (* keep *) wire signed [4:0] second_conv_part_439 = second_conv_part_436 + 5'(second_conv_part_438);
  (* keep *) wire [3:0] second_conv_part_441 = 4'(relu_quantize_2_0_1_d1) + {relu_quantize_3_0_0_d1, 2'd0};
  reg [3:0] second_conv_part_441_d1;
  always @(posedge clk) second_conv_part_441_d1 <= second_conv_part_441;
  (* keep *) wire signed [4:0] second_conv_part_442 = 5'd0 - 5'(second_conv_part_441_d1);
  (* keep *) wire signed [4:0] second_conv_part_443 = {4'(relu_quantize_3_0_1_d2), 1'd0} + second_conv_part_442;
  // relu.quantize
  reg [1:0] relu_quantize_2_0_0_d3;
  always @(posedge clk) relu_quantize_2_0_0_d3 <= relu_quantize_2_0_0_d2;
  reg [2:0] relu_quantize_2_1_1_d2;
  always @(posedge clk) relu_quantize_2_1_1_d2 <= relu_quantize_2_1_1_d1;
  // second.conv
  (* keep *) wire [2:0] second_conv_part_444 = 3'(relu_quantize_2_0_0_d3) + relu_quantize_2_1_1_d2;
  // relu.quantize
  reg [1:0] relu_quantize_3_0_0_d2;
  always @(posedge clk) relu_quantize_3_0_0_d2 <= relu_quantize_3_0_0_d1;
  reg [1:0] relu_quantize_2_1_0_d3;
  always @(posedge clk) relu_quantize_2_1_0_d3 <= relu_quantize_2_1_0_d2;
  // second.conv
  (* keep *) wire signed [2:0] second_conv_part_445 = 3'(relu_quantize_3_0_0_d2) - {relu_quantize_2_1_0_d3, 1'd0};
  (* keep *) wire [4:0] second_conv_part_447 = 5'(second_conv_part_444) + {relu_quantize_3_1_1_d2, 2'd0};
  (* keep *) wire signed [6:0] second_conv_part_449 = 7'(second_conv_part_445) - {4'(second_conv_part_444), 3'd0};
  (* keep *) wire signed [6:0] second_conv_part_450 = 7'(second_conv_part_447) + second_conv_part_449;
  (* keep *) wire signed [6:0] second_conv_part_452 = {6'(second_conv_part_439), 1'd0} - 7'(second_conv_part_443);
  (* keep *) wire signed [7:0] second_conv_3_0_0 = 8'(second_conv_part_450) + 8'(second_conv_part_452);
  (* keep *) wire signed [2:0] second_conv_part_454 = 3'(relu_quantize_2_1_0_d3) - {relu_quantize_2_0_0_d3, 1'd0};
  (* keep *) wire signed [3:0] second_conv_part_455 = 4'(relu_quantize_2_1_1_d2) - {relu_quantize_2_1_0_d3, 2'd0};
  (* keep *) wire signed [6:0] second_conv_part_456 = 7'(second_conv_part_454) - {4'(relu_quantize_2_1_1_d2), 3'd0};
  (* keep *) wire signed [4:0] second_conv_part_457 = 5'(second_conv_part_438) + 5'(second_conv_part_455);
  (* keep *) wire signed [6:0] second_conv_part_458 = 7'(second_conv_part_443) + second_conv_part_456;
  (* keep *) wire signed [6:0] second_conv_part_460 = 7'(second_conv_part_457) + {second_conv_part_439, 2'd0};
  (* keep *) wire signed [7:0] second_conv_3_0_1 = 8'(second_conv_part_458) + 8'(second_conv_part_460);
  (* keep *) wire signed [4:0] second_conv_part_463 = 5'(relu_quantize_2_0_0_d3) - {4'(relu_quantize_3_1_1_d2), 1'd0};
  // relu.quantize
  reg [2:0] relu_quantize_2_0_1_d2;
  always @(posedge clk) relu_quantize_2_0_1_d2 <= relu_quantize_2_0_1_d1;
  reg [1:0] relu_quantize_3_2_0_d2;
  always @(posedge clk) relu_quantize_3_2_0_d2 <= relu_quantize_3_2_0_d1;
  // second.conv
  (* keep *) wire signed [3:0] second_conv_part_464 = 4'(relu_quantize_2_0_1_d2) - 4'(relu_quantize_3_2_0_d2);
  (* keep *) wire signed [4:0] second_conv_part_465 = 5'(relu_quantize_3_2_1_d2) + 5'(second_conv_part_464);
  (* keep *) wire signed [4:0] second_conv_part_466 = second_conv_part_463 + second_conv_part_465;
  // relu.quantize
  reg [1:0] relu_quantize_3_1_0_d2;
  always @(posedge clk) relu_quantize_3_1_0_d2 <= relu_quantize_3_1_0_d1;
  // second.conv
  (* keep *) wire [3:0] second_conv_part_468 = 4'(relu_quantize_2_1_1_d2) + {relu_quantize_3_1_0_d2, 2'd0};
  (* keep *) wire signed [4:0] second_conv_part_469 = 5'd0 - 5'(second_conv_part_468);
  (* keep *) wire signed [4:0] second_conv_part_470 = {4'(relu_quantize_3_1_1_d2), 1'd0} + second_conv_part_469;
  // relu.quantize
  reg [2:0] relu_quantize_2_2_1_d2;
  always @(posedge clk) relu_quantize_2_2_1_d2 <= relu_quantize_2_2_1_d1;
  // second.conv
  (* keep *) wire signed [3:0] second_conv_part_471 = 4'(relu_quantize_2_2_1_d2) - 4'(relu_quantize_3_0_1_d2);
  (* keep *) wire signed [3:0] second_conv_part_472 = 4'(relu_quantize_2_1_0_d3) + second_conv_part_471;
  // relu.quantize
  reg [1:0] relu_quantize_2_2_0_d2;
  always @(posedge clk) relu_quantize_2_2_0_d2 <= relu_quantize_2_2_0_d1;
  // second.conv
  (* keep *) wire signed [2:0] second_conv_part_473 = 3'(relu_quantize_3_1_0_d2) - {relu_quantize_2_2_0_d2, 1'd0};
  (* keep *) wire signed [5:0] second_conv_part_474 = {4'(relu_quantize_3_2_1_d2), 2'd0} + 6'(second_conv_part_473);
  (* keep *) wire signed [5:0] second_conv_part_475 = 6'(second_conv_part_472) + second_conv_part_474;
  (* keep *) wire signed [7:0] second_conv_part_477 = 8'(second_conv_part_470) + {5'(second_conv_part_472), 3'd0};
  (* keep *) wire signed [6:0] second_conv_part_479 = 7'(second_conv_part_475) + {6'(second_conv_part_466), 1'd0};
  reg signed [6:0] second_conv_part_479_d1;
  always @(posedge clk) second_conv_part_479_d1 <= second_conv_part_479;
  reg signed [7:0] second_conv_part_477_d1;
  always @(posedge clk) second_conv_part_477_d1 <= second_conv_part_477;
  (* keep *) wire signed [7:0] second_conv_3_1_0 = 8'(second_conv_part_479_d1) - second_conv_part_477_d1;
  (* keep *) wire signed [2:0] second_conv_part_481 = 3'(relu_quantize_2_2_0_d2) - 3'(relu_quantize_3_0_0_d2);
  (* keep *) wire [2:0] second_conv_part_482 = 3'(relu_quantize_2_1_0_d3) + {relu_quantize_2_2_0_d2, 1'd0};
  (* keep *) wire [3:0] second_conv_part_483 = 4'(relu_quantize_3_0_1_d2) + {relu_quantize_2_2_1_d2, 1'd0};
  (* keep *) wire signed [3:0] second_conv_part_484 = second_conv_part_471 + 4'(second_conv_part_481);
  (* keep *) wire [5:0] second_conv_part_486 = 6'(second_conv_part_482) + {5'(second_conv_part_483), 1'd0};
  (* keep *) wire signed [5:0] second_conv_part_487 = 6'(second_conv_part_465) + 6'(second_conv_part_484);
  (* keep *) wire signed [7:0] second_conv_part_489 = 8'(second_conv_part_470) - {7'(second_conv_part_486), 1'd0};
  (* keep *) wire signed [7:0] second_conv_part_491 = 8'(second_conv_part_487) + {6'(second_conv_part_466), 2'd0};
  (* keep *) wire signed [8:0] second_conv_3_1_1 = 9'(second_conv_part_489) + 9'(second_conv_part_491);
  (* keep *) wire signed [4:0] second_conv_part_494 = 5'(relu_quantize_2_1_0_d3) - {4'(relu_quantize_3_2_1_d2), 1'd0};
  // relu.quantize
  reg [1:0] relu_quantize_3_3_0_d1;
  always @(posedge clk) relu_quantize_3_3_0_d1 <= relu_quantize_3_3_0;
  // second.conv
  (* keep *) wire signed [3:0] second_conv_part_495 = 4'(relu_quantize_2_1_1_d2) - 4'(relu_quantize_3_3_0_d1);
  // relu.quantize
  reg [2:0] relu_quantize_3_3_1_d1;
  always @(posedge clk) relu_quantize_3_3_1_d1 <= relu_quantize_3_3_1;
  // second.conv
  (* keep *) wire signed [4:0] second_conv_part_496 = 5'(relu_quantize_3_3_1_d1) + 5'(second_conv_part_495);
  (* keep *) wire signed [4:0] second_conv_part_497 = second_conv_part_494 + second_conv_part_496;
  (* keep *) wire [3:0] second_conv_part_499 = 4'(relu_quantize_2_2_1_d2) + {relu_quantize_3_2_0_d2, 2'd0};
  (* keep *) wire signed [4:0] second_conv_part_500 = 5'd0 - 5'(second_conv_part_499);
  (* keep *) wire signed [4:0] second_conv_part_501 = {4'(relu_quantize_3_2_1_d2), 1'd0} + second_conv_part_500;
  (* keep *) wire signed [3:0] second_conv_part_502 = 4'(relu_quantize_2_3_1_d2) - 4'(relu_quantize_3_1_1_d2);
  (* keep *) wire signed [3:0] second_conv_part_503 = 4'(relu_quantize_2_2_0_d2) + second_conv_part_502;
  (* keep *) wire signed [2:0] second_conv_part_504 = 3'(relu_quantize_3_2_0_d2) - {relu_quantize_2_3_0_d2, 1'd0};
  (* keep *) wire signed [5:0] second_conv_part_506 = 6'(second_conv_part_504) + {4'(relu_quantize_3_3_1_d1), 2'd0};
  (* keep *) wire signed [5:0] second_conv_part_507 = 6'(second_conv_part_503) + second_conv_part_506;
  reg signed [3:0] second_conv_part_503_d1;
  always @(posedge clk) second_conv_part_503_d1 <= second_conv_part_503;
  reg signed [4:0] second_conv_part_501_d1;
  always @(posedge clk) second_conv_part_501_d1 <= second_conv_part_501;
  (* keep *) wire signed [7:0] second_conv_part_509 = 8'(second_conv_part_501_d1) + {5'(second_conv_part_503_d1), 3'd0};
  reg signed [4:0] second_conv_part_497_d1;
  always @(posedge clk) second_conv_part_497_d1 <= second_conv_part_497;
  reg signed [5:0] second_conv_part_507_d1;
  always @(posedge clk) second_conv_part_507_d1 <= second_conv_part_507;
  (* keep *) wire signed [6:0] second_conv_part_511 = 7'(second_conv_part_507_d1) + {6'(second_conv_part_497_d1), 1'd0};
  (* keep *) wire signed [7:0] second_conv_3_2_0 = 8'(second_conv_part_511) - second_conv_part_509;
  (* keep *) wire signed [2:0] second_conv_part_513 = 3'(relu_quantize_2_3_0_d2) - 3'(relu_quantize_3_1_0_d2);
  (* keep *) wire [2:0] second_conv_part_514 = 3'(relu_quantize_2_2_0_d2) + {relu_quantize_2_3_0_d2, 1'd0};
  (* keep *) wire [3:0] second_conv_part_515 = 4'(relu_quantize_3_1_1_d2) + {relu_quantize_2_3_1_d2, 1'd0};
  (* keep *) wire signed [3:0] second_conv_part_516 = second_conv_part_502 + 4'(second_conv_part_513);
  (* keep *) wire [5:0] second_conv_part_518 = 6'(second_conv_part_514) + {5'(second_conv_part_515), 1'd0};
  (* keep *) wire signed [5:0] second_conv_part_519 = 6'(second_conv_part_496) + 6'(second_conv_part_516);
  (* keep *) wire signed [7:0] second_conv_part_521 = 8'(second_conv_part_501) - {7'(second_conv_part_518), 1'd0};
  (* keep *) wire signed [7:0] second_conv_part_523 = 8'(second_conv_part_519) + {6'(second_conv_part_497), 2'd0};
  reg signed [7:0] second_conv_part_521_d1;
  always @(posedge clk) second_conv_part_521_d1 <= second_conv_part_521;
  reg signed [7:0] second_conv_part_523_d1;
  always @(posedge clk) second_conv_part_523_d1 <= second_conv_part_523;
  (* keep *) wire signed [8:0] second_conv_3_2_1 = 9'(second_conv_part_521_d1) + 9'(second_conv_part_523_d1);
  (* keep *) wire signed [4:0] second_conv_part_526 = 5'(relu_quantize_2_2_0_d2) - {4'(relu_quantize_3_3_1_d1), 1'd0};
  (* keep *) wire signed [4:0] second_conv_part_527 = 5'(relu_quantize_2_2_1_d2) + second_conv_part_526;
  (* keep *) wire [3:0] second_conv_part_529 = 4'(relu_quantize_2_3_1_d2) + {relu_quantize_3_3_0_d1, 2'd0};
  (* keep *) wire signed [4:0] second_conv_part_530 = 5'd0 - 5'(second_conv_part_529);
  (* keep *) wire signed [4:0] second_conv_part_531 = {4'(relu_quantize_3_3_1_d1), 1'd0} + second_conv_part_530;
  (* keep *) wire signed [3:0] second_conv_part_532 = 4'd0 - 4'(relu_quantize_3_2_1_d2);
  (* keep *) wire signed [3:0] second_conv_part_533 = 4'(relu_quantize_2_3_0_d2) + second_conv_part_532;
  // relu.quantize
  reg [1:0] relu_quantize_3_3_0_d2;
  always @(posedge clk) relu_quantize_3_3_0_d2 <= relu_quantize_3_3_0_d1;
  // second.conv
  reg signed [3:0] second_conv_part_533_d1;
  always @(posedge clk) second_conv_part_533_d1 <= second_conv_part_533;
  (* keep *) wire signed [3:0] second_conv_part_534 = 4'(relu_quantize_3_3_0_d2) + second_conv_part_533_d1;
  reg signed [4:0] second_conv_part_527_d1;
  always @(posedge clk) second_conv_part_527_d1 <= second_conv_part_527;
  (* keep *) wire signed [5:0] second_conv_part_536 = 6'(second_conv_part_527_d1) - {second_conv_part_533_d1, 2'd0};
  reg signed [4:0] second_conv_part_531_d1;
  always @(posedge clk) second_conv_part_531_d1 <= second_conv_part_531;
  (* keep *) wire signed [5:0] second_conv_part_537 = 6'(second_conv_part_534) - 6'(second_conv_part_531_d1);
  (* keep *) wire signed [7:0] second_conv_3_3_0 = 8'(second_conv_part_537) + {7'(second_conv_part_536), 1'd0};
  (* keep *) wire signed [3:0] second_conv_part_540 = 4'(relu_quantize_2_2_1_d2) - 4'(relu_quantize_3_2_0_d2);
  (* keep *) wire [3:0] second_conv_part_541 = 4'(relu_quantize_2_3_0_d2) + {relu_quantize_3_2_1_d2, 1'd0};
  (* keep *) wire signed [3:0] second_conv_part_542 = second_conv_part_532 + second_conv_part_540;
  reg [3:0] second_conv_part_541_d1;
  always @(posedge clk) second_conv_part_541_d1 <= second_conv_part_541;
  reg signed [3:0] second_conv_part_542_d1;
  always @(posedge clk) second_conv_part_542_d1 <= second_conv_part_542;
  (* keep *) wire signed [5:0] second_conv_part_544 = 6'(second_conv_part_542_d1) - {5'(second_conv_part_541_d1), 1'd0};
  (* keep *) wire signed [6:0] second_conv_part_546 = 7'(second_conv_part_531_d1) + {second_conv_part_527_d1, 2'd0};
  (* keep *) wire signed [7:0] second_conv_3_3_1 = 8'(second_conv_part_544) + 8'(second_conv_part_546);
  // second.add
  (* keep *) wire signed [7:0] second_add_0_0_1 = 8'd232 + second_conv_0_0_1;
  (* keep *) wire signed [8:0] second_add_0_1_1 = 9'd488 + 9'(second_conv_0_1_1);
  (* keep *) wire signed [8:0] second_add_0_2_1 = 9'd488 + 9'(second_conv_0_2_1);
  (* keep *) wire signed [8:0] second_add_1_0_1 = 9'd488 + 9'(second_conv_1_0_1);
  (* keep *) wire signed [8:0] second_add_1_1_1 = 9'd488 + second_conv_1_1_1;
  (* keep *) wire signed [8:0] second_add_1_2_1 = 9'd488 + second_conv_1_2_1;
  (* keep *) wire signed [8:0] second_add_1_3_1 = 9'd488 + 9'(second_conv_1_3_1);
  // second.conv
  reg signed [7:0] second_conv_2_0_1_d1;
  always @(posedge clk) second_conv_2_0_1_d1 <= second_conv_2_0_1;
  // second.add
  (* keep *) wire signed [8:0] second_add_2_0_1 = 9'd488 + 9'(second_conv_2_0_1_d1);
  (* keep *) wire signed [8:0] second_add_2_1_1 = 9'd488 + second_conv_2_1_1;
  (* keep *) wire signed [8:0] second_add_2_2_1 = 9'd488 + second_conv_2_2_1;
  (* keep *) wire signed [8:0] second_add_2_3_1 = 9'd488 + 9'(second_conv_2_3_1);
  (* keep *) wire signed [8:0] second_add_3_0_1 = 9'd488 + 9'(second_conv_3_0_1);
  // second.conv
  reg signed [8:0] second_conv_3_1_1_d1;
  always @(posedge clk) second_conv_3_1_1_d1 <= second_conv_3_1_1;
  // second.add
  (* keep *) wire signed [8:0] second_add_3_1_1 = 9'd488 + second_conv_3_1_1_d1;
  (* keep *) wire signed [8:0] second_add_3_2_1 = 9'd488 + second_conv_3_2_1;
  (* keep *) wire signed [7:0] second_add_3_3_1 = 8'd232 + second_conv_3_3_1;
  // second.conv
  reg signed [7:0] second_conv_0_0_0_d1;
  always @(posedge clk) second_conv_0_0_0_d1 <= second_conv_0_0_0;
  // rounded.quantize
  wire signed [4:0] rounded_quantize_part_0 = second_conv_0_0_0_d1[7:3];
  wire signed [5:0] rounded_quantize_part_1 = second_conv_0_0_0_d1[7:2];
  wire rounded_quantize_part_2 = rounded_quantize_part_1[0];
  wire rounded_quantize_part_3 = rounded_quantize_part_0[0];
  wire [1:0] rounded_quantize_part_4 = second_conv_0_0_0[1:0];
  wire rounded_quantize_part_5 = |rounded_quantize_part_4;
  reg rounded_quantize_part_5_d1;
  always @(posedge clk) rounded_quantize_part_5_d1 <= rounded_quantize_part_5;
  wire rounded_quantize_part_6 = rounded_quantize_part_3 | rounded_quantize_part_5_d1;
  wire rounded_quantize_part_7 = rounded_quantize_part_2 & rounded_quantize_part_6;
  (* keep *) wire signed [4:0] rounded_quantize_part_8 = rounded_quantize_part_0 + 5'(rounded_quantize_part_7);
  // second.add
  reg signed [7:0] second_add_0_0_1_d1;
  always @(posedge clk) second_add_0_0_1_d1 <= second_add_0_0_1;
  // rounded.quantize
  wire signed [4:0] rounded_quantize_part_9 = second_add_0_0_1_d1[7:3];
  wire signed [5:0] rounded_quantize_part_10 = second_add_0_0_1_d1[7:2];
  wire rounded_quantize_part_11 = rounded_quantize_part_10[0];
  wire rounded_quantize_part_12 = rounded_quantize_part_9[0];
  wire [1:0] rounded_quantize_part_13 = second_add_0_0_1[1:0];
  wire rounded_quantize_part_14 = |rounded_quantize_part_13;
  reg rounded_quantize_part_14_d1;
  always @(posedge clk) rounded_quantize_part_14_d1 <= rounded_quantize_part_14;
  wire rounded_quantize_part_15 = rounded_quantize_part_12 | rounded_quantize_part_14_d1;
  wire rounded_quantize_part_16 = rounded_quantize_part_11 & rounded_quantize_part_15;
  (* keep *) wire signed [4:0] rounded_quantize_part_17 = rounded_quantize_part_9 + 5'(rounded_quantize_part_16);
  // second.conv
  reg signed [8:0] second_conv_0_1_0_d1;
  always @(posedge clk) second_conv_0_1_0_d1 <= second_conv_0_1_0;
  // rounded.quantize
  wire signed [5:0] rounded_quantize_part_18 = second_conv_0_1_0_d1[8:3];
  wire signed [6:0] rounded_quantize_part_19 = second_conv_0_1_0_d1[8:2];
  wire rounded_quantize_part_20 = rounded_quantize_part_19[0];
  wire rounded_quantize_part_21 = rounded_quantize_part_18[0];
  wire [1:0] rounded_quantize_part_22 = second_conv_0_1_0[1:0];
  wire rounded_quantize_part_23 = |rounded_quantize_part_22;
  reg rounded_quantize_part_23_d1;
  always @(posedge clk) rounded_quantize_part_23_d1 <= rounded_quantize_part_23;
  wire rounded_quantize_part_24 = rounded_quantize_part_21 | rounded_quantize_part_23_d1;
  wire rounded_quantize_part_25 = rounded_quantize_part_20 & rounded_quantize_part_24;
  (* keep *) wire signed [5:0] rounded_quantize_part_26 = rounded_quantize_part_18 + 6'(rounded_quantize_part_25);
  // second.add
  reg signed [8:0] second_add_0_1_1_d1;
  always @(posedge clk) second_add_0_1_1_d1 <= second_add_0_1_1;
  // rounded.quantize
  wire signed [5:0] rounded_quantize_part_27 = second_add_0_1_1_d1[8:3];
  wire signed [6:0] rounded_quantize_part_28 = second_add_0_1_1_d1[8:2];
  wire rounded_quantize_part_29 = rounded_quantize_part_28[0];
  wire rounded_quantize_part_30 = rounded_quantize_part_27[0];
  wire [1:0] rounded_quantize_part_31 = second_add_0_1_1[1:0];
  wire rounded_quantize_part_32 = |rounded_quantize_part_31;
  reg rounded_quantize_part_32_d1;
  always @(posedge clk) rounded_quantize_part_32_d1 <= rounded_quantize_part_32;
  wire rounded_quantize_part_33 = rounded_quantize_part_30 | rounded_quantize_part_32_d1;
  wire rounded_quantize_part_34 = rounded_quantize_part_29 & rounded_quantize_part_33;
  (* keep *) wire signed [5:0] rounded_quantize_part_35 = rounded_quantize_part_27 + 6'(rounded_quantize_part_34);
  // second.conv
  reg signed [8:0] second_conv_0_2_0_d1;
  always @(posedge clk) second_conv_0_2_0_d1 <= second_conv_0_2_0;
  // rounded.quantize
  wire signed [5:0] rounded_quantize_part_36 = second_conv_0_2_0_d1[8:3];
  wire signed [6:0] rounded_quantize_part_37 = second_conv_0_2_0_d1[8:2];
  wire rounded_quantize_part_38 = rounded_quantize_part_37[0];
  wire rounded_quantize_part_39 = rounded_quantize_part_36[0];
  wire [1:0] rounded_quantize_part_40 = second_conv_0_2_0_d1[1:0];
  wire rounded_quantize_part_41 = |rounded_quantize_part_40;
  wire rounded_quantize_part_42 = rounded_quantize_part_39 | rounded_quantize_part_41;
  wire rounded_quantize_part_43 = rounded_quantize_part_38 & rounded_quantize_part_42;
  (* keep *) wire signed [5:0] rounded_quantize_part_44 = rounded_quantize_part_36 + 6'(rounded_quantize_part_43);
  // second.add
  reg signed [8:0] second_add_0_2_1_d1;
  always @(posedge clk) second_add_0_2_1_d1 <= second_add_0_2_1;
  // rounded.quantize
  wire signed [5:0] rounded_quantize_part_45 = second_add_0_2_1_d1[8:3];
  wire signed [6:0] rounded_quantize_part_46 = second_add_0_2_1_d1[8:2];
  wire rounded_quantize_part_47 = rounded_quantize_part_46[0];
  wire rounded_quantize_part_48 = rounded_quantize_part_45[0];
  wire [1:0] rounded_quantize_part_49 = second_add_0_2_1_d1[1:0];
  wire rounded_quantize_part_50 = |rounded_quantize_part_49;
  wire rounded_quantize_part_51 = rounded_quantize_part_48 | rounded_quantize_part_50;
  wire rounded_quantize_part_52 = rounded_quantize_part_47 & rounded_quantize_part_51;
  (* keep *) wire signed [5:0] rounded_quantize_part_53 = rounded_quantize_part_45 + 6'(rounded_quantize_part_52);
  wire signed [4:0] rounded_quantize_part_54 = second_conv_0_3_0[7:3];
  wire signed [5:0] rounded_quantize_part_55 = second_conv_0_3_0[7:2];
  wire rounded_quantize_part_56 = rounded_quantize_part_55[0];
  wire rounded_quantize_part_57 = rounded_quantize_part_54[0];
  wire [1:0] rounded_quantize_part_58 = second_conv_0_3_0[1:0];
  wire rounded_quantize_part_59 = |rounded_quantize_part_58;
  wire rounded_quantize_part_60 = rounded_quantize_part_57 | rounded_quantize_part_59;
  wire rounded_quantize_part_61 = rounded_quantize_part_56 & rounded_quantize_part_60;
  (* keep *) wire signed [4:0] rounded_quantize_part_62 = rounded_quantize_part_54 + 5'(rounded_quantize_part_61);
  wire signed [5:0] rounded_quantize_part_72 = second_conv_1_0_0[8:3];
  wire signed [6:0] rounded_quantize_part_73 = second_conv_1_0_0[8:2];
  wire rounded_quantize_part_74 = rounded_quantize_part_73[0];
  wire rounded_quantize_part_75 = rounded_quantize_part_72[0];
  wire [1:0] rounded_quantize_part_76 = second_conv_1_0_0[1:0];
  wire rounded_quantize_part_77 = |rounded_quantize_part_76;
  wire rounded_quantize_part_78 = rounded_quantize_part_75 | rounded_quantize_part_77;
  wire rounded_quantize_part_79 = rounded_quantize_part_74 & rounded_quantize_part_78;
  (* keep *) wire signed [5:0] rounded_quantize_part_80 = rounded_quantize_part_72 + 6'(rounded_quantize_part_79);
  wire signed [5:0] rounded_quantize_part_81 = second_add_1_0_1[8:3];
  wire signed [6:0] rounded_quantize_part_82 = second_add_1_0_1[8:2];
  wire rounded_quantize_part_83 = rounded_quantize_part_82[0];
  wire rounded_quantize_part_84 = rounded_quantize_part_81[0];
  wire [1:0] rounded_quantize_part_85 = second_add_1_0_1[1:0];
  wire rounded_quantize_part_86 = |rounded_quantize_part_85;
  wire rounded_quantize_part_87 = rounded_quantize_part_84 | rounded_quantize_part_86;
  wire rounded_quantize_part_88 = rounded_quantize_part_83 & rounded_quantize_part_87;
  (* keep *) wire signed [5:0] rounded_quantize_part_89 = rounded_quantize_part_81 + 6'(rounded_quantize_part_88);
  wire signed [5:0] rounded_quantize_part_90 = second_conv_1_1_0[8:3];
  wire signed [6:0] rounded_quantize_part_91 = second_conv_1_1_0[8:2];
  wire rounded_quantize_part_92 = rounded_quantize_part_91[0];
  wire rounded_quantize_part_93 = rounded_quantize_part_90[0];
  wire [1:0] rounded_quantize_part_94 = second_conv_1_1_0[1:0];
  wire rounded_quantize_part_95 = |rounded_quantize_part_94;
  wire rounded_quantize_part_96 = rounded_quantize_part_93 | rounded_quantize_part_95;
  wire rounded_quantize_part_97 = rounded_quantize_part_92 & rounded_quantize_part_96;
  (* keep *) wire signed [5:0] rounded_quantize_part_98 = rounded_quantize_part_90 + 6'(rounded_quantize_part_97);
  wire signed [5:0] rounded_quantize_part_99 = second_add_1_1_1[8:3];
  wire signed [6:0] rounded_quantize_part_100 = second_add_1_1_1[8:2];
  wire rounded_quantize_part_101 = rounded_quantize_part_100[0];
  wire rounded_quantize_part_102 = rounded_quantize_part_99[0];
  wire [1:0] rounded_quantize_part_103 = second_add_1_1_1[1:0];
  wire rounded_quantize_part_104 = |rounded_quantize_part_103;
  wire rounded_quantize_part_105 = rounded_quantize_part_102 | rounded_quantize_part_104;
  wire rounded_quantize_part_106 = rounded_quantize_part_101 & rounded_quantize_part_105;
  reg signed [5:0] rounded_quantize_part_99_d1;
  always @(posedge clk) rounded_quantize_part_99_d1 <= rounded_quantize_part_99;
  reg rounded_quantize_part_106_d1;
  always @(posedge clk) rounded_quantize_part_106_d1 <= rounded_quantize_part_106;
  (* keep *) wire signed [5:0] rounded_quantize_part_107 = rounded_quantize_part_99_d1 + 6'(rounded_quantize_part_106_d1);
  wire signed [5:0] rounded_quantize_part_108 = second_conv_1_2_0[8:3];
  wire signed [6:0] rounded_quantize_part_109 = second_conv_1_2_0[8:2];
  wire rounded_quantize_part_110 = rounded_quantize_part_109[0];
  wire rounded_quantize_part_111 = rounded_quantize_part_108[0];
  wire [1:0] rounded_quantize_part_112 = second_conv_1_2_0[1:0];
  wire rounded_quantize_part_113 = |rounded_quantize_part_112;
  wire rounded_quantize_part_114 = rounded_quantize_part_111 | rounded_quantize_part_113;
  wire rounded_quantize_part_115 = rounded_quantize_part_110 & rounded_quantize_part_114;
  (* keep *) wire signed [5:0] rounded_quantize_part_116 = rounded_quantize_part_108 + 6'(rounded_quantize_part_115);
  // second.add
  reg signed [8:0] second_add_1_2_1_d1;
  always @(posedge clk) second_add_1_2_1_d1 <= second_add_1_2_1;
  // rounded.quantize
  wire signed [5:0] rounded_quantize_part_117 = second_add_1_2_1_d1[8:3];
  wire signed [6:0] rounded_quantize_part_118 = second_add_1_2_1_d1[8:2];
  wire rounded_quantize_part_119 = rounded_quantize_part_118[0];
  wire rounded_quantize_part_120 = rounded_quantize_part_117[0];
  wire [1:0] rounded_quantize_part_121 = second_add_1_2_1[1:0];
  wire rounded_quantize_part_122 = |rounded_quantize_part_121;
  reg rounded_quantize_part_122_d1;
  always @(posedge clk) rounded_quantize_part_122_d1 <= rounded_quantize_part_122;
  wire rounded_quantize_part_123 = rounded_quantize_part_120 | rounded_quantize_part_122_d1;
  wire rounded_quantize_part_124 = rounded_quantize_part_119 & rounded_quantize_part_123;
  (* keep *) wire signed [5:0] rounded_quantize_part_125 = rounded_quantize_part_117 + 6'(rounded_quantize_part_124);
  // second.conv
  reg signed [7:0] second_conv_1_3_0_d1;
  always @(posedge clk) second_conv_1_3_0_d1 <= second_conv_1_3_0;
  // rounded.quantize
  wire signed [4:0] rounded_quantize_part_126 = second_conv_1_3_0_d1[7:3];
  wire signed [5:0] rounded_quantize_part_127 = second_conv_1_3_0_d1[7:2];
  wire rounded_quantize_part_128 = rounded_quantize_part_127[0];
  wire rounded_quantize_part_129 = rounded_quantize_part_126[0];
  wire [1:0] rounded_quantize_part_130 = second_conv_1_3_0_d1[1:0];
  wire rounded_quantize_part_131 = |rounded_quantize_part_130;
  wire rounded_quantize_part_132 = rounded_quantize_part_129 | rounded_quantize_part_131;
  wire rounded_quantize_part_133 = rounded_quantize_part_128 & rounded_quantize_part_132;
  (* keep *) wire signed [4:0] rounded_quantize_part_134 = rounded_quantize_part_126 + 5'(rounded_quantize_part_133);
  // second.add
  reg signed [8:0] second_add_1_3_1_d1;
  always @(posedge clk) second_add_1_3_1_d1 <= second_add_1_3_1;
  // rounded.quantize
  wire signed [5:0] rounded_quantize_part_135 = second_add_1_3_1_d1[8:3];
  wire signed [6:0] rounded_quantize_part_136 = second_add_1_3_1_d1[8:2];
  wire rounded_quantize_part_137 = rounded_quantize_part_136[0];
  wire rounded_quantize_part_138 = rounded_quantize_part_135[0];
  wire [1:0] rounded_quantize_part_139 = second_add_1_3_1_d1[1:0];
  wire rounded_quantize_part_140 = |rounded_quantize_part_139;
  wire rounded_quantize_part_141 = rounded_quantize_part_138 | rounded_quantize_part_140;
  wire rounded_quantize_part_142 = rounded_quantize_part_137 & rounded_quantize_part_141;
  (* keep *) wire signed [5:0] rounded_quantize_part_143 = rounded_quantize_part_135 + 6'(rounded_quantize_part_142);
  wire signed [5:0] rounded_quantize_part_144 = second_conv_2_0_0[8:3];
  wire signed [6:0] rounded_quantize_part_145 = second_conv_2_0_0[8:2];
  wire rounded_quantize_part_146 = rounded_quantize_part_145[0];
  wire rounded_quantize_part_147 = rounded_quantize_part_144[0];
  wire [1:0] rounded_quantize_part_148 = second_conv_2_0_0[1:0];
  wire rounded_quantize_part_149 = |rounded_quantize_part_148;
  wire rounded_quantize_part_150 = rounded_quantize_part_147 | rounded_quantize_part_149;
  wire rounded_quantize_part_151 = rounded_quantize_part_146 & rounded_quantize_part_150;
  (* keep *) wire signed [5:0] rounded_quantize_part_152 = rounded_quantize_part_144 + 6'(rounded_quantize_part_151);
  wire signed [5:0] rounded_quantize_part_153 = second_add_2_0_1[8:3];
  wire signed [6:0] rounded_quantize_part_154 = second_add_2_0_1[8:2];
  wire rounded_quantize_part_155 = rounded_quantize_part_154[0];
  wire rounded_quantize_part_156 = rounded_quantize_part_153[0];
  wire [1:0] rounded_quantize_part_157 = second_add_2_0_1[1:0];
  wire rounded_quantize_part_158 = |rounded_quantize_part_157;
  wire rounded_quantize_part_159 = rounded_quantize_part_156 | rounded_quantize_part_158;
  wire rounded_quantize_part_160 = rounded_quantize_part_155 & rounded_quantize_part_159;
  (* keep *) wire signed [5:0] rounded_quantize_part_161 = rounded_quantize_part_153 + 6'(rounded_quantize_part_160);
  // second.conv
  reg signed [8:0] second_conv_2_1_0_d1;
  always @(posedge clk) second_conv_2_1_0_d1 <= second_conv_2_1_0;
  // rounded.quantize
  wire signed [5:0] rounded_quantize_part_162 = second_conv_2_1_0_d1[8:3];
  wire signed [6:0] rounded_quantize_part_163 = second_conv_2_1_0_d1[8:2];
  wire rounded_quantize_part_164 = rounded_quantize_part_163[0];
  wire rounded_quantize_part_165 = rounded_quantize_part_162[0];
  wire [1:0] rounded_quantize_part_166 = second_conv_2_1_0_d1[1:0];
  wire rounded_quantize_part_167 = |rounded_quantize_part_166;
  wire rounded_quantize_part_168 = rounded_quantize_part_165 | rounded_quantize_part_167;
  wire rounded_quantize_part_169 = rounded_quantize_part_164 & rounded_quantize_part_168;
  (* keep *) wire signed [5:0] rounded_quantize_part_170 = rounded_quantize_part_162 + 6'(rounded_quantize_part_169);
  wire signed [5:0] rounded_quantize_part_171 = second_add_2_1_1[8:3];
  wire signed [6:0] rounded_quantize_part_172 = second_add_2_1_1[8:2];
  wire rounded_quantize_part_173 = rounded_quantize_part_172[0];
  wire rounded_quantize_part_174 = rounded_quantize_part_171[0];
  wire [1:0] rounded_quantize_part_175 = second_add_2_1_1[1:0];
  wire rounded_quantize_part_176 = |rounded_quantize_part_175;
  wire rounded_quantize_part_177 = rounded_quantize_part_174 | rounded_quantize_part_176;
  wire rounded_quantize_part_178 = rounded_quantize_part_173 & rounded_quantize_part_177;
  (* keep *) wire signed [5:0] rounded_quantize_part_179 = rounded_quantize_part_171 + 6'(rounded_quantize_part_178);
  wire signed [5:0] rounded_quantize_part_180 = second_conv_2_2_0[8:3];
  wire signed [6:0] rounded_quantize_part_181 = second_conv_2_2_0[8:2];
  wire rounded_quantize_part_182 = rounded_quantize_part_181[0];
  wire rounded_quantize_part_183 = rounded_quantize_part_180[0];
  wire [1:0] rounded_quantize_part_184 = second_conv_2_2_0[1:0];
  wire rounded_quantize_part_185 = |rounded_quantize_part_184;
  wire rounded_quantize_part_186 = rounded_quantize_part_183 | rounded_quantize_part_185;
  wire rounded_quantize_part_187 = rounded_quantize_part_182 & rounded_quantize_part_186;
  (* keep *) wire signed [5:0] rounded_quantize_part_188 = rounded_quantize_part_180 + 6'(rounded_quantize_part_187);
  wire signed [5:0] rounded_quantize_part_189 = second_add_2_2_1[8:3];
  wire signed [6:0] rounded_quantize_part_190 = second_add_2_2_1[8:2];
  wire rounded_quantize_part_191 = rounded_quantize_part_190[0];
  wire rounded_quantize_part_192 = rounded_quantize_part_189[0];
  wire [1:0] rounded_quantize_part_193 = second_add_2_2_1[1:0];
  wire rounded_quantize_part_194 = |rounded_quantize_part_193;
  wire rounded_quantize_part_195 = rounded_quantize_part_192 | rounded_quantize_part_194;
  wire rounded_quantize_part_196 = rounded_quantize_part_191 & rounded_quantize_part_195;
  reg signed [5:0] rounded_quantize_part_189_d1;
  always @(posedge clk) rounded_quantize_part_189_d1 <= rounded_quantize_part_189;
  reg rounded_quantize_part_196_d1;
  always @(posedge clk) rounded_quantize_part_196_d1 <= rounded_quantize_part_196;
  (* keep *) wire signed [5:0] rounded_quantize_part_197 = rounded_quantize_part_189_d1 + 6'(rounded_quantize_part_196_d1);
  // second.conv
  reg signed [7:0] second_conv_2_3_0_d1;
  always @(posedge clk) second_conv_2_3_0_d1 <= second_conv_2_3_0;
  // rounded.quantize
  wire signed [4:0] rounded_quantize_part_198 = second_conv_2_3_0_d1[7:3];
  wire signed [5:0] rounded_quantize_part_199 = second_conv_2_3_0_d1[7:2];
  wire rounded_quantize_part_200 = rounded_quantize_part_199[0];
  wire rounded_quantize_part_201 = rounded_quantize_part_198[0];
  wire [1:0] rounded_quantize_part_202 = second_conv_2_3_0[1:0];
  wire rounded_quantize_part_203 = |rounded_quantize_part_202;
  reg rounded_quantize_part_203_d1;
  always @(posedge clk) rounded_quantize_part_203_d1 <= rounded_quantize_part_203;
  wire rounded_quantize_part_204 = rounded_quantize_part_201 | rounded_quantize_part_203_d1;
  wire rounded_quantize_part_205 = rounded_quantize_part_200 & rounded_quantize_part_204;
  (* keep *) wire signed [4:0] rounded_quantize_part_206 = rounded_quantize_part_198 + 5'(rounded_quantize_part_205);
  // second.add
  reg signed [8:0] second_add_2_3_1_d1;
  always @(posedge clk) second_add_2_3_1_d1 <= second_add_2_3_1;
  // rounded.quantize
  wire signed [5:0] rounded_quantize_part_207 = second_add_2_3_1_d1[8:3];
  wire signed [6:0] rounded_quantize_part_208 = second_add_2_3_1_d1[8:2];
  wire rounded_quantize_part_209 = rounded_quantize_part_208[0];
  wire rounded_quantize_part_210 = rounded_quantize_part_207[0];
  wire [1:0] rounded_quantize_part_211 = second_add_2_3_1[1:0];
  wire rounded_quantize_part_212 = |rounded_quantize_part_211;
  reg rounded_quantize_part_212_d1;
  always @(posedge clk) rounded_quantize_part_212_d1 <= rounded_quantize_part_212;
  wire rounded_quantize_part_213 = rounded_quantize_part_210 | rounded_quantize_part_212_d1;
  wire rounded_quantize_part_214 = rounded_quantize_part_209 & rounded_quantize_part_213;
  (* keep *) wire signed [5:0] rounded_quantize_part_215 = rounded_quantize_part_207 + 6'(rounded_quantize_part_214);
  // second.conv
  reg signed [7:0] second_conv_3_0_0_d1;
  always @(posedge clk) second_conv_3_0_0_d1 <= second_conv_3_0_0;
  // rounded.quantize
  wire signed [4:0] rounded_quantize_part_216 = second_conv_3_0_0_d1[7:3];
  wire signed [5:0] rounded_quantize_part_217 = second_conv_3_0_0_d1[7:2];
  wire rounded_quantize_part_218 = rounded_quantize_part_217[0];
  wire rounded_quantize_part_219 = rounded_quantize_part_216[0];
  wire [1:0] rounded_quantize_part_220 = second_conv_3_0_0_d1[1:0];
  wire rounded_quantize_part_221 = |rounded_quantize_part_220;
  wire rounded_quantize_part_222 = rounded_quantize_part_219 | rounded_quantize_part_221;
  wire rounded_quantize_part_223 = rounded_quantize_part_218 & rounded_quantize_part_222;
  (* keep *) wire signed [4:0] rounded_quantize_part_224 = rounded_quantize_part_216 + 5'(rounded_quantize_part_223);
  // second.add
  reg signed [8:0] second_add_3_0_1_d1;
  always @(posedge clk) second_add_3_0_1_d1 <= second_add_3_0_1;
  // rounded.quantize
  wire signed [5:0] rounded_quantize_part_225 = second_add_3_0_1_d1[8:3];
  wire signed [6:0] rounded_quantize_part_226 = second_add_3_0_1_d1[8:2];
  wire rounded_quantize_part_227 = rounded_quantize_part_226[0];
  wire rounded_quantize_part_228 = rounded_quantize_part_225[0];
  wire [1:0] rounded_quantize_part_229 = second_add_3_0_1_d1[1:0];
  wire rounded_quantize_part_230 = |rounded_quantize_part_229;
  wire rounded_quantize_part_231 = rounded_quantize_part_228 | rounded_quantize_part_230;
  wire rounded_quantize_part_232 = rounded_quantize_part_227 & rounded_quantize_part_231;
  (* keep *) wire signed [5:0] rounded_quantize_part_233 = rounded_quantize_part_225 + 6'(rounded_quantize_part_232);
  wire signed [4:0] rounded_quantize_part_234 = second_conv_3_1_0[7:3];
  wire signed [5:0] rounded_quantize_part_235 = second_conv_3_1_0[7:2];
  wire rounded_quantize_part_236 = rounded_quantize_part_235[0];
  wire rounded_quantize_part_237 = rounded_quantize_part_234[0];
  wire [1:0] rounded_quantize_part_238 = second_conv_3_1_0[1:0];
  wire rounded_quantize_part_239 = |rounded_quantize_part_238;
  wire rounded_quantize_part_240 = rounded_quantize_part_237 | rounded_quantize_part_239;
  wire rounded_quantize_part_241 = rounded_quantize_part_236 & rounded_quantize_part_240;
  (* keep *) wire signed [4:0] rounded_quantize_part_242 = rounded_quantize_part_234 + 5'(rounded_quantize_part_241);
  wire signed [5:0] rounded_quantize_part_243 = second_add_3_1_1[8:3];
  wire signed [6:0] rounded_quantize_part_244 = second_add_3_1_1[8:2];
  wire rounded_quantize_part_245 = rounded_quantize_part_244[0];
  wire rounded_quantize_part_246 = rounded_quantize_part_243[0];
  wire [1:0] rounded_quantize_part_247 = second_add_3_1_1[1:0];
  wire rounded_quantize_part_248 = |rounded_quantize_part_247;
  wire rounded_quantize_part_249 = rounded_quantize_part_246 | rounded_quantize_part_248;
  wire rounded_quantize_part_250 = rounded_quantize_part_245 & rounded_quantize_part_249;
  (* keep *) wire signed [5:0] rounded_quantize_part_251 = rounded_quantize_part_243 + 6'(rounded_quantize_part_250);
  wire signed [4:0] rounded_quantize_part_252 = second_conv_3_2_0[7:3];
  wire signed [5:0] rounded_quantize_part_253 = second_conv_3_2_0[7:2];
  wire rounded_quantize_part_254 = rounded_quantize_part_253[0];
  wire rounded_quantize_part_255 = rounded_quantize_part_252[0];
  wire [1:0] rounded_quantize_part_256 = second_conv_3_2_0[1:0];
  wire rounded_quantize_part_257 = |rounded_quantize_part_256;
  wire rounded_quantize_part_258 = rounded_quantize_part_255 | rounded_quantize_part_257;
  wire rounded_quantize_part_259 = rounded_quantize_part_254 & rounded_quantize_part_258;
  (* keep *) wire signed [4:0] rounded_quantize_part_260 = rounded_quantize_part_252 + 5'(rounded_quantize_part_259);
  wire signed [5:0] rounded_quantize_part_261 = second_add_3_2_1[8:3];
  wire signed [6:0] rounded_quantize_part_262 = second_add_3_2_1[8:2];
  wire rounded_quantize_part_263 = rounded_quantize_part_262[0];
  wire rounded_quantize_part_264 = rounded_quantize_part_261[0];
  wire [1:0] rounded_quantize_part_265 = second_add_3_2_1[1:0];
  wire rounded_quantize_part_266 = |rounded_quantize_part_265;
  wire rounded_quantize_part_267 = rounded_quantize_part_264 | rounded_quantize_part_266;
  wire rounded_quantize_part_268 = rounded_quantize_part_263 & rounded_quantize_part_267;
  (* keep *) wire signed [5:0] rounded_quantize_part_269 = rounded_quantize_part_261 + 6'(rounded_quantize_part_268);
  wire signed [4:0] rounded_quantize_part_270 = second_conv_3_3_0[7:3];
  wire signed [5:0] rounded_quantize_part_271 = second_conv_3_3_0[7:2];
  wire rounded_quantize_part_272 = rounded_quantize_part_271[0];
  wire rounded_quantize_part_273 = rounded_quantize_part_270[0];
  wire [1:0] rounded_quantize_part_274 = second_conv_3_3_0[1:0];
  wire rounded_quantize_part_275 = |rounded_quantize_part_274;
  wire rounded_quantize_part_276 = rounded_quantize_part_273 | rounded_quantize_part_275;
  wire rounded_quantize_part_277 = rounded_quantize_part_272 & rounded_quantize_part_276;
  reg signed [4:0] rounded_quantize_part_270_d1;
  always @(posedge clk) rounded_quantize_part_270_d1 <= rounded_quantize_part_270;
  reg rounded_quantize_part_277_d1;
  always @(posedge clk) rounded_quantize_part_277_d1 <= rounded_quantize_part_277;
  (* keep *) wire signed [4:0] rounded_quantize_part_278 = rounded_quantize_part_270_d1 + 5'(rounded_quantize_part_277_d1);
  wire signed [4:0] rounded_quantize_part_279 = second_add_3_3_1[7:3];
  wire signed [5:0] rounded_quantize_part_280 = second_add_3_3_1[7:2];
  wire rounded_quantize_part_281 = rounded_quantize_part_280[0];
  wire rounded_quantize_part_282 = rounded_quantize_part_279[0];
  wire [1:0] rounded_quantize_part_283 = second_add_3_3_1[1:0];
  wire rounded_quantize_part_284 = |rounded_quantize_part_283;
  wire rounded_quantize_part_285 = rounded_quantize_part_282 | rounded_quantize_part_284;
  wire rounded_quantize_part_286 = rounded_quantize_part_281 & rounded_quantize_part_285;
  reg signed [4:0] rounded_quantize_part_279_d1;
  always @(posedge clk) rounded_quantize_part_279_d1 <= rounded_quantize_part_279;
  reg rounded_quantize_part_286_d1;
  always @(posedge clk) rounded_quantize_part_286_d1 <= rounded_quantize_part_286;
  (* keep *) wire signed [4:0] rounded_quantize_part_287 = rounded_quantize_part_279_d1 + 5'(rounded_quantize_part_286_d1);
  wire rounded_quantize_part_288 = $signed(rounded_quantize_part_8) < $signed(5'd0);
  wire [2:0] rounded_quantize_0_0_0 = rounded_quantize_part_288 ? 3'd0 : rounded_quantize_part_8[2:0];
  wire rounded_quantize_part_290 = $signed(rounded_quantize_part_17) < $signed(5'd0);
  wire [3:0] rounded_quantize_0_0_1 = rounded_quantize_part_290 ? 4'd0 : rounded_quantize_part_17[3:0];
  wire rounded_quantize_part_292 = $signed(rounded_quantize_part_26) < $signed(6'd0);
  wire [3:0] rounded_quantize_0_1_0 = rounded_quantize_part_292 ? 4'd0 : rounded_quantize_part_26[3:0];
  wire rounded_quantize_part_294 = $signed(rounded_quantize_part_35) < $signed(6'd0);
  wire [3:0] rounded_quantize_0_1_1 = rounded_quantize_part_294 ? 4'd0 : rounded_quantize_part_35[3:0];
  wire rounded_quantize_part_296 = $signed(rounded_quantize_part_44) < $signed(6'd0);
  wire [3:0] rounded_quantize_0_2_0 = rounded_quantize_part_296 ? 4'd0 : rounded_quantize_part_44[3:0];
  wire rounded_quantize_part_298 = $signed(rounded_quantize_part_53) < $signed(6'd0);
  wire [3:0] rounded_quantize_0_2_1 = rounded_quantize_part_298 ? 4'd0 : rounded_quantize_part_53[3:0];
  wire rounded_quantize_part_300 = $signed(rounded_quantize_part_62) < $signed(5'd0);
  reg rounded_quantize_part_300_d1;
  always @(posedge clk) rounded_quantize_part_300_d1 <= rounded_quantize_part_300;
  reg signed [4:0] rounded_quantize_part_62_d1;
  always @(posedge clk) rounded_quantize_part_62_d1 <= rounded_quantize_part_62;
  wire [3:0] rounded_quantize_0_3_0 = rounded_quantize_part_300_d1 ? 4'd0 : rounded_quantize_part_62_d1[3:0];
  reg signed [5:0] rounded_quantize_part_80_d1;
  always @(posedge clk) rounded_quantize_part_80_d1 <= rounded_quantize_part_80;
  wire rounded_quantize_part_303 = $signed(rounded_quantize_part_80_d1) < $signed(6'd0);
  wire [3:0] rounded_quantize_1_0_0 = rounded_quantize_part_303 ? 4'd0 : rounded_quantize_part_80_d1[3:0];
  reg signed [5:0] rounded_quantize_part_89_d1;
  always @(posedge clk) rounded_quantize_part_89_d1 <= rounded_quantize_part_89;
  wire rounded_quantize_part_305 = $signed(rounded_quantize_part_89_d1) < $signed(6'd0);
  wire [3:0] rounded_quantize_1_0_1 = rounded_quantize_part_305 ? 4'd0 : rounded_quantize_part_89_d1[3:0];
  wire rounded_quantize_part_307 = $signed(rounded_quantize_part_98) < $signed(6'd0);
  reg rounded_quantize_part_307_d1;
  always @(posedge clk) rounded_quantize_part_307_d1 <= rounded_quantize_part_307;
  reg signed [5:0] rounded_quantize_part_98_d1;
  always @(posedge clk) rounded_quantize_part_98_d1 <= rounded_quantize_part_98;
  wire [4:0] rounded_quantize_part_308 = rounded_quantize_part_307_d1 ? 5'd0 : rounded_quantize_part_98_d1[4:0];
  wire rounded_quantize_part_309 = $signed(rounded_quantize_part_107) < $signed(6'd0);
  wire [3:0] rounded_quantize_1_1_1 = rounded_quantize_part_309 ? 4'd0 : rounded_quantize_part_107[3:0];
  reg signed [5:0] rounded_quantize_part_116_d1;
  always @(posedge clk) rounded_quantize_part_116_d1 <= rounded_quantize_part_116;
  wire rounded_quantize_part_311 = $signed(rounded_quantize_part_116_d1) < $signed(6'd0);
  wire [4:0] rounded_quantize_part_312 = rounded_quantize_part_311 ? 5'd0 : rounded_quantize_part_116_d1[4:0];
  wire rounded_quantize_part_313 = $signed(rounded_quantize_part_125) < $signed(6'd0);
  wire [3:0] rounded_quantize_1_2_1 = rounded_quantize_part_313 ? 4'd0 : rounded_quantize_part_125[3:0];
  wire rounded_quantize_part_315 = $signed(rounded_quantize_part_134) < $signed(5'd0);
  wire [3:0] rounded_quantize_1_3_0 = rounded_quantize_part_315 ? 4'd0 : rounded_quantize_part_134[3:0];
  wire rounded_quantize_part_317 = $signed(rounded_quantize_part_143) < $signed(6'd0);
  wire [2:0] rounded_quantize_1_3_1 = rounded_quantize_part_317 ? 3'd0 : rounded_quantize_part_143[2:0];
  wire rounded_quantize_part_319 = $signed(rounded_quantize_part_152) < $signed(6'd0);
  reg rounded_quantize_part_319_d1;
  always @(posedge clk) rounded_quantize_part_319_d1 <= rounded_quantize_part_319;
  reg signed [5:0] rounded_quantize_part_152_d1;
  always @(posedge clk) rounded_quantize_part_152_d1 <= rounded_quantize_part_152;
  wire [3:0] rounded_quantize_2_0_0 = rounded_quantize_part_319_d1 ? 4'd0 : rounded_quantize_part_152_d1[3:0];
  wire rounded_quantize_part_321 = $signed(rounded_quantize_part_161) < $signed(6'd0);
  reg rounded_quantize_part_321_d1;
  always @(posedge clk) rounded_quantize_part_321_d1 <= rounded_quantize_part_321;
  reg signed [5:0] rounded_quantize_part_161_d1;
  always @(posedge clk) rounded_quantize_part_161_d1 <= rounded_quantize_part_161;
  wire [3:0] rounded_quantize_2_0_1 = rounded_quantize_part_321_d1 ? 4'd0 : rounded_quantize_part_161_d1[3:0];
  wire rounded_quantize_part_323 = $signed(rounded_quantize_part_170) < $signed(6'd0);
  wire [4:0] rounded_quantize_part_324 = rounded_quantize_part_323 ? 5'd0 : rounded_quantize_part_170[4:0];
  reg signed [5:0] rounded_quantize_part_179_d1;
  always @(posedge clk) rounded_quantize_part_179_d1 <= rounded_quantize_part_179;
  wire rounded_quantize_part_325 = $signed(rounded_quantize_part_179_d1) < $signed(6'd0);
  wire [3:0] rounded_quantize_2_1_1 = rounded_quantize_part_325 ? 4'd0 : rounded_quantize_part_179_d1[3:0];
  wire rounded_quantize_part_327 = $signed(rounded_quantize_part_188) < $signed(6'd0);
  reg rounded_quantize_part_327_d1;
  always @(posedge clk) rounded_quantize_part_327_d1 <= rounded_quantize_part_327;
  reg signed [5:0] rounded_quantize_part_188_d1;
  always @(posedge clk) rounded_quantize_part_188_d1 <= rounded_quantize_part_188;
  wire [4:0] rounded_quantize_part_328 = rounded_quantize_part_327_d1 ? 5'd0 : rounded_quantize_part_188_d1[4:0];
  wire rounded_quantize_part_329 = $signed(rounded_quantize_part_197) < $signed(6'd0);
  wire [3:0] rounded_quantize_2_2_1 = rounded_quantize_part_329 ? 4'd0 : rounded_quantize_part_197[3:0];
  wire rounded_quantize_part_331 = $signed(rounded_quantize_part_206) < $signed(5'd0);
  wire [3:0] rounded_quantize_2_3_0 = rounded_quantize_part_331 ? 4'd0 : rounded_quantize_part_206[3:0];
  wire rounded_quantize_part_333 = $signed(rounded_quantize_part_215) < $signed(6'd0);
  wire [2:0] rounded_quantize_2_3_1 = rounded_quantize_part_333 ? 3'd0 : rounded_quantize_part_215[2:0];
  wire rounded_quantize_part_335 = $signed(rounded_quantize_part_224) < $signed(5'd0);
  wire [2:0] rounded_quantize_3_0_0 = rounded_quantize_part_335 ? 3'd0 : rounded_quantize_part_224[2:0];
  wire rounded_quantize_part_337 = $signed(rounded_quantize_part_233) < $signed(6'd0);
  wire [1:0] rounded_quantize_3_0_1 = rounded_quantize_part_337 ? 2'd0 : rounded_quantize_part_233[1:0];
  wire rounded_quantize_part_339 = $signed(rounded_quantize_part_242) < $signed(5'd0);
  reg rounded_quantize_part_339_d1;
  always @(posedge clk) rounded_quantize_part_339_d1 <= rounded_quantize_part_339;
  reg signed [4:0] rounded_quantize_part_242_d1;
  always @(posedge clk) rounded_quantize_part_242_d1 <= rounded_quantize_part_242;
  wire [3:0] rounded_quantize_3_1_0 = rounded_quantize_part_339_d1 ? 4'd0 : rounded_quantize_part_242_d1[3:0];
  wire rounded_quantize_part_341 = $signed(rounded_quantize_part_251) < $signed(6'd0);
  reg rounded_quantize_part_341_d1;
  always @(posedge clk) rounded_quantize_part_341_d1 <= rounded_quantize_part_341;
  reg signed [5:0] rounded_quantize_part_251_d1;
  always @(posedge clk) rounded_quantize_part_251_d1 <= rounded_quantize_part_251;
  wire [2:0] rounded_quantize_3_1_1 = rounded_quantize_part_341_d1 ? 3'd0 : rounded_quantize_part_251_d1[2:0];
  reg signed [4:0] rounded_quantize_part_260_d1;
  always @(posedge clk) rounded_quantize_part_260_d1 <= rounded_quantize_part_260;
  wire rounded_quantize_part_343 = $signed(rounded_quantize_part_260_d1) < $signed(5'd0);
  wire [3:0] rounded_quantize_3_2_0 = rounded_quantize_part_343 ? 4'd0 : rounded_quantize_part_260_d1[3:0];
  reg signed [5:0] rounded_quantize_part_269_d1;
  always @(posedge clk) rounded_quantize_part_269_d1 <= rounded_quantize_part_269;
  wire rounded_quantize_part_345 = $signed(rounded_quantize_part_269_d1) < $signed(6'd0);
  wire [2:0] rounded_quantize_3_2_1 = rounded_quantize_part_345 ? 3'd0 : rounded_quantize_part_269_d1[2:0];
  wire rounded_quantize_part_347 = $signed(rounded_quantize_part_278) < $signed(5'd0);
  wire [3:0] rounded_quantize_3_3_0 = rounded_quantize_part_347 ? 4'd0 : rounded_quantize_part_278[3:0];
  wire rounded_quantize_part_349 = $signed(rounded_quantize_part_287) < $signed(5'd0);
  wire [1:0] rounded_quantize_3_3_1 = rounded_quantize_part_349 ? 2'd0 : rounded_quantize_part_287[1:0];
  wire rounded_quantize_part_351 = 5'd15 < rounded_quantize_part_308;
  wire [3:0] rounded_quantize_1_1_0 = rounded_quantize_part_351 ? 4'd15 : rounded_quantize_part_308[3:0];
  wire rounded_quantize_part_353 = 5'd15 < rounded_quantize_part_312;
  wire [3:0] rounded_quantize_1_2_0 = rounded_quantize_part_353 ? 4'd15 : rounded_quantize_part_312[3:0];
  reg [4:0] rounded_quantize_part_324_d1;
  always @(posedge clk) rounded_quantize_part_324_d1 <= rounded_quantize_part_324;
  wire rounded_quantize_part_355 = 5'd15 < rounded_quantize_part_324_d1;
  wire [3:0] rounded_quantize_2_1_0 = rounded_quantize_part_355 ? 4'd15 : rounded_quantize_part_324_d1[3:0];
  wire rounded_quantize_part_357 = 5'd15 < rounded_quantize_part_328;
  wire [3:0] rounded_quantize_2_2_0 = rounded_quantize_part_357 ? 4'd15 : rounded_quantize_part_328[3:0];
  // relu.quantize
  reg [1:0] relu_quantize_0_0_0_d2;
  always @(posedge clk) relu_quantize_0_0_0_d2 <= relu_quantize_0_0_0_d1;
  // skip.add
  (* keep *) wire [3:0] skip_add_0_0_0 = 4'(relu_quantize_0_0_0_d2) + 4'(rounded_quantize_0_0_0);
  // relu.quantize
  reg [2:0] relu_quantize_0_0_1_d2;
  always @(posedge clk) relu_quantize_0_0_1_d2 <= relu_quantize_0_0_1_d1;
  // skip.add
  (* keep *) wire [3:0] skip_add_0_0_1 = 4'(relu_quantize_0_0_1_d2) + rounded_quantize_0_0_1;
  // relu.quantize
  reg [1:0] relu_quantize_0_1_0_d2;
  always @(posedge clk) relu_quantize_0_1_0_d2 <= relu_quantize_0_1_0_d1;
  // skip.add
  (* keep *) wire [3:0] skip_add_0_1_0 = 4'(relu_quantize_0_1_0_d2) + rounded_quantize_0_1_0;
  // relu.quantize
  reg [2:0] relu_quantize_0_1_1_d2;
  always @(posedge clk) relu_quantize_0_1_1_d2 <= relu_quantize_0_1_1_d1;
  // skip.add
  (* keep *) wire [3:0] skip_add_0_1_1 = 4'(relu_quantize_0_1_1_d2) + rounded_quantize_0_1_1;
  // relu.quantize
  reg [1:0] relu_quantize_0_2_0_d3;
  always @(posedge clk) relu_quantize_0_2_0_d3 <= relu_quantize_0_2_0_d2;
  // rounded.quantize
  reg [3:0] rounded_quantize_0_2_0_d1;
  always @(posedge clk) rounded_quantize_0_2_0_d1 <= rounded_quantize_0_2_0;
  // skip.add
  (* keep *) wire [3:0] skip_add_0_2_0 = 4'(relu_quantize_0_2_0_d3) + rounded_quantize_0_2_0_d1;
  // relu.quantize
  reg [2:0] relu_quantize_0_2_1_d3;
  always @(posedge clk) relu_quantize_0_2_1_d3 <= relu_quantize_0_2_1_d2;
  // rounded.quantize
  reg [3:0] rounded_quantize_0_2_1_d1;
  always @(posedge clk) rounded_quantize_0_2_1_d1 <= rounded_quantize_0_2_1;
  // skip.add
  (* keep *) wire [3:0] skip_add_0_2_1 = 4'(relu_quantize_0_2_1_d3) + rounded_quantize_0_2_1_d1;
  // relu.quantize
  reg [1:0] relu_quantize_0_3_0_d3;
  always @(posedge clk) relu_quantize_0_3_0_d3 <= relu_quantize_0_3_0_d2;
  // skip.add
  (* keep *) wire [3:0] skip_add_0_3_0 = 4'(relu_quantize_0_3_0_d3) + rounded_quantize_0_3_0;
  // relu.quantize
  reg [1:0] relu_quantize_1_0_0_d3;
  always @(posedge clk) relu_quantize_1_0_0_d3 <= relu_quantize_1_0_0_d2;
  // skip.add
  (* keep *) wire [3:0] skip_add_1_0_0 = 4'(relu_quantize_1_0_0_d3) + rounded_quantize_1_0_0;
  // relu.quantize
  reg [2:0] relu_quantize_1_0_1_d2;
  always @(posedge clk) relu_quantize_1_0_1_d2 <= relu_quantize_1_0_1_d1;
  reg [2:0] relu_quantize_1_0_1_d3;
  always @(posedge clk) relu_quantize_1_0_1_d3 <= relu_quantize_1_0_1_d2;
  // skip.add
  (* keep *) wire [3:0] skip_add_1_0_1 = 4'(relu_quantize_1_0_1_d3) + rounded_quantize_1_0_1;
  // relu.quantize
  reg [1:0] relu_quantize_1_1_0_d3;
  always @(posedge clk) relu_quantize_1_1_0_d3 <= relu_quantize_1_1_0_d2;
  // skip.add
  (* keep *) wire [4:0] skip_add_1_1_0 = 5'(relu_quantize_1_1_0_d3) + 5'(rounded_quantize_1_1_0);
  // relu.quantize
  reg [2:0] relu_quantize_1_1_1_d3;
  always @(posedge clk) relu_quantize_1_1_1_d3 <= relu_quantize_1_1_1_d2;
  // skip.add
  (* keep *) wire [4:0] skip_add_1_1_1 = 5'(relu_quantize_1_1_1_d3) + 5'(rounded_quantize_1_1_1);
  // relu.quantize
  reg [1:0] relu_quantize_1_2_0_d3;
  always @(posedge clk) relu_quantize_1_2_0_d3 <= relu_quantize_1_2_0_d2;
  // skip.add
  (* keep *) wire [4:0] skip_add_1_2_0 = 5'(relu_quantize_1_2_0_d3) + 5'(rounded_quantize_1_2_0);
  (* keep *) wire [4:0] skip_add_1_2_1 = 5'(relu_quantize_1_2_1_d3) + 5'(rounded_quantize_1_2_1);
  // relu.quantize
  reg [1:0] relu_quantize_1_3_0_d3;
  always @(posedge clk) relu_quantize_1_3_0_d3 <= relu_quantize_1_3_0_d2;
  reg [1:0] relu_quantize_1_3_0_d4;
  always @(posedge clk) relu_quantize_1_3_0_d4 <= relu_quantize_1_3_0_d3;
  // rounded.quantize
  reg [3:0] rounded_quantize_1_3_0_d1;
  always @(posedge clk) rounded_quantize_1_3_0_d1 <= rounded_quantize_1_3_0;
  // skip.add
  (* keep *) wire [3:0] skip_add_1_3_0 = 4'(relu_quantize_1_3_0_d4) + rounded_quantize_1_3_0_d1;
  // relu.quantize
  reg [2:0] relu_quantize_1_3_1_d3;
  always @(posedge clk) relu_quantize_1_3_1_d3 <= relu_quantize_1_3_1_d2;
  reg [2:0] relu_quantize_1_3_1_d4;
  always @(posedge clk) relu_quantize_1_3_1_d4 <= relu_quantize_1_3_1_d3;
  // rounded.quantize
  reg [2:0] rounded_quantize_1_3_1_d1;
  always @(posedge clk) rounded_quantize_1_3_1_d1 <= rounded_quantize_1_3_1;
  // skip.add
  (* keep *) wire [3:0] skip_add_1_3_1 = 4'(relu_quantize_1_3_1_d4) + 4'(rounded_quantize_1_3_1_d1);
  // relu.quantize
  reg [1:0] relu_quantize_2_0_0_d4;
  always @(posedge clk) relu_quantize_2_0_0_d4 <= relu_quantize_2_0_0_d3;
  // skip.add
  (* keep *) wire [3:0] skip_add_2_0_0 = 4'(relu_quantize_2_0_0_d4) + rounded_quantize_2_0_0;
  // relu.quantize
  reg [2:0] relu_quantize_2_0_1_d3;
  always @(posedge clk) relu_quantize_2_0_1_d3 <= relu_quantize_2_0_1_d2;
  // skip.add
  (* keep *) wire [3:0] skip_add_2_0_1 = 4'(relu_quantize_2_0_1_d3) + rounded_quantize_2_0_1;
  // relu.quantize
  reg [1:0] relu_quantize_2_1_0_d4;
  always @(posedge clk) relu_quantize_2_1_0_d4 <= relu_quantize_2_1_0_d3;
  // skip.add
  (* keep *) wire [4:0] skip_add_2_1_0 = 5'(relu_quantize_2_1_0_d4) + 5'(rounded_quantize_2_1_0);
  // relu.quantize
  reg [2:0] relu_quantize_2_1_1_d3;
  always @(posedge clk) relu_quantize_2_1_1_d3 <= relu_quantize_2_1_1_d2;
  // skip.add
  (* keep *) wire [4:0] skip_add_2_1_1 = 5'(relu_quantize_2_1_1_d3) + 5'(rounded_quantize_2_1_1);
  // relu.quantize
  reg [1:0] relu_quantize_2_2_0_d3;
  always @(posedge clk) relu_quantize_2_2_0_d3 <= relu_quantize_2_2_0_d2;
  // skip.add
  (* keep *) wire [4:0] skip_add_2_2_0 = 5'(relu_quantize_2_2_0_d3) + 5'(rounded_quantize_2_2_0);
  // relu.quantize
  reg [2:0] relu_quantize_2_2_1_d3;
  always @(posedge clk) relu_quantize_2_2_1_d3 <= relu_quantize_2_2_1_d2;
  // skip.add
  (* keep *) wire [4:0] skip_add_2_2_1 = 5'(relu_quantize_2_2_1_d3) + 5'(rounded_quantize_2_2_1);
  // relu.quantize
  reg [1:0] relu_quantize_2_3_0_d3;
  always @(posedge clk) relu_quantize_2_3_0_d3 <= relu_quantize_2_3_0_d2;
  // skip.add
  (* keep *) wire [3:0] skip_add_2_3_0 = 4'(relu_quantize_2_3_0_d3) + rounded_quantize_2_3_0;
  // relu.quantize
  reg [2:0] relu_quantize_2_3_1_d3;
  always @(posedge clk) relu_quantize_2_3_1_d3 <= relu_quantize_2_3_1_d2;
  // skip.add
  (* keep *) wire [3:0] skip_add_2_3_1 = 4'(relu_quantize_2_3_1_d3) + 4'(rounded_quantize_2_3_1);
  // relu.quantize
  reg [1:0] relu_quantize_3_0_0_d3;
  always @(posedge clk) relu_quantize_3_0_0_d3 <= relu_quantize_3_0_0_d2;
  reg [1:0] relu_quantize_3_0_0_d4;
  always @(posedge clk) relu_quantize_3_0_0_d4 <= relu_quantize_3_0_0_d3;
  // rounded.quantize
  reg [2:0] rounded_quantize_3_0_0_d1;
  always @(posedge clk) rounded_quantize_3_0_0_d1 <= rounded_quantize_3_0_0;
  // skip.add
  (* keep *) wire [3:0] skip_add_3_0_0 = 4'(relu_quantize_3_0_0_d4) + 4'(rounded_quantize_3_0_0_d1);
  // relu.quantize
  reg [2:0] relu_quantize_3_0_1_d3;
  always @(posedge clk) relu_quantize_3_0_1_d3 <= relu_quantize_3_0_1_d2;
  reg [2:0] relu_quantize_3_0_1_d4;
  always @(posedge clk) relu_quantize_3_0_1_d4 <= relu_quantize_3_0_1_d3;
  // rounded.quantize
  reg [1:0] rounded_quantize_3_0_1_d1;
  always @(posedge clk) rounded_quantize_3_0_1_d1 <= rounded_quantize_3_0_1;
  // skip.add
  (* keep *) wire [3:0] skip_add_3_0_1 = 4'(relu_quantize_3_0_1_d4) + 4'(rounded_quantize_3_0_1_d1);
  // relu.quantize
  reg [1:0] relu_quantize_3_1_0_d3;
  always @(posedge clk) relu_quantize_3_1_0_d3 <= relu_quantize_3_1_0_d2;
  reg [1:0] relu_quantize_3_1_0_d4;
  always @(posedge clk) relu_quantize_3_1_0_d4 <= relu_quantize_3_1_0_d3;
  // skip.add
  (* keep *) wire [4:0] skip_add_3_1_0 = 5'(relu_quantize_3_1_0_d4) + 5'(rounded_quantize_3_1_0);
  // relu.quantize
  reg [2:0] relu_quantize_3_1_1_d3;
  always @(posedge clk) relu_quantize_3_1_1_d3 <= relu_quantize_3_1_1_d2;
  reg [2:0] relu_quantize_3_1_1_d4;
  always @(posedge clk) relu_quantize_3_1_1_d4 <= relu_quantize_3_1_1_d3;
  // skip.add
  (* keep *) wire [3:0] skip_add_3_1_1 = 4'(relu_quantize_3_1_1_d4) + 4'(rounded_quantize_3_1_1);
  // relu.quantize
  reg [1:0] relu_quantize_3_2_0_d3;
  always @(posedge clk) relu_quantize_3_2_0_d3 <= relu_quantize_3_2_0_d2;
  reg [1:0] relu_quantize_3_2_0_d4;
  always @(posedge clk) relu_quantize_3_2_0_d4 <= relu_quantize_3_2_0_d3;
  // skip.add
  (* keep *) wire [4:0] skip_add_3_2_0 = 5'(relu_quantize_3_2_0_d4) + 5'(rounded_quantize_3_2_0);
  // relu.quantize
  reg [2:0] relu_quantize_3_2_1_d3;
  always @(posedge clk) relu_quantize_3_2_1_d3 <= relu_quantize_3_2_1_d2;
  reg [2:0] relu_quantize_3_2_1_d4;
  always @(posedge clk) relu_quantize_3_2_1_d4 <= relu_quantize_3_2_1_d3;
  // skip.add
  (* keep *) wire [3:0] skip_add_3_2_1 = 4'(relu_quantize_3_2_1_d4) + 4'(rounded_quantize_3_2_1);
  // relu.quantize
  reg [1:0] relu_quantize_3_3_0_d3;
  always @(posedge clk) relu_quantize_3_3_0_d3 <= relu_quantize_3_3_0_d2;
  // skip.add
  (* keep *) wire [3:0] skip_add_3_3_0 = 4'(relu_quantize_3_3_0_d3) + rounded_quantize_3_3_0;
  // relu.quantize
  reg [2:0] relu_quantize_3_3_1_d2;
  always @(posedge clk) relu_quantize_3_3_1_d2 <= relu_quantize_3_3_1_d1;
  reg [2:0] relu_quantize_3_3_1_d3;
  always @(posedge clk) relu_quantize_3_3_1_d3 <= relu_quantize_3_3_1_d2;
  // skip.add
  (* keep *) wire [3:0] skip_add_3_3_1 = 4'(relu_quantize_3_3_1_d3) + 4'(rounded_quantize_3_3_1);
  reg [3:0] skip_add_0_0_0_d1;
  always @(posedge clk) skip_add_0_0_0_d1 <= skip_add_0_0_0;
  reg [3:0] skip_add_0_1_0_d1;
  always @(posedge clk) skip_add_0_1_0_d1 <= skip_add_0_1_0;
  // mean.pool
  (* keep *) wire [4:0] mean_pool_part_0 = 5'(skip_add_0_0_0_d1) + 5'(skip_add_0_1_0_d1);
  // skip.add
  reg [3:0] skip_add_0_0_1_d1;
  always @(posedge clk) skip_add_0_0_1_d1 <= skip_add_0_0_1;
  reg [3:0] skip_add_0_1_1_d1;
  always @(posedge clk) skip_add_0_1_1_d1 <= skip_add_0_1_1;
  // mean.pool
  (* keep *) wire [4:0] mean_pool_part_1 = 5'(skip_add_0_0_1_d1) + 5'(skip_add_0_1_1_d1);
  (* keep *) wire [5:0] mean_pool_part_2 = 6'(skip_add_0_2_0) + 6'(mean_pool_part_0);
  (* keep *) wire [5:0] mean_pool_part_3 = 6'(skip_add_0_2_1) + 6'(mean_pool_part_1);
  (* keep *) wire [5:0] mean_pool_part_4 = 6'(skip_add_0_3_0) + mean_pool_part_2;
  // relu.quantize
  reg [2:0] relu_quantize_0_3_1_d2;
  always @(posedge clk) relu_quantize_0_3_1_d2 <= relu_quantize_0_3_1_d1;
  reg [2:0] relu_quantize_0_3_1_d3;
  always @(posedge clk) relu_quantize_0_3_1_d3 <= relu_quantize_0_3_1_d2;
  // mean.pool
  (* keep *) wire [5:0] mean_pool_part_5 = 6'(relu_quantize_0_3_1_d3) + mean_pool_part_3;
  (* keep *) wire [5:0] mean_pool_part_6 = 6'(skip_add_1_0_0) + mean_pool_part_4;
  (* keep *) wire [5:0] mean_pool_part_7 = 6'(skip_add_1_0_1) + mean_pool_part_5;
  (* keep *) wire [6:0] mean_pool_part_8 = 7'(skip_add_1_1_0) + 7'(mean_pool_part_6);
  (* keep *) wire [6:0] mean_pool_part_9 = 7'(skip_add_1_1_1) + 7'(mean_pool_part_7);
  // skip.add
  reg [4:0] skip_add_1_2_0_d1;
  always @(posedge clk) skip_add_1_2_0_d1 <= skip_add_1_2_0;
  // mean.pool
  reg [6:0] mean_pool_part_8_d1;
  always @(posedge clk) mean_pool_part_8_d1 <= mean_pool_part_8;
  (* keep *) wire [6:0] mean_pool_part_10 = 7'(skip_add_1_2_0_d1) + mean_pool_part_8_d1;
  // skip.add
  reg [4:0] skip_add_1_2_1_d1;
  always @(posedge clk) skip_add_1_2_1_d1 <= skip_add_1_2_1;
  // mean.pool
  reg [6:0] mean_pool_part_9_d1;
  always @(posedge clk) mean_pool_part_9_d1 <= mean_pool_part_9;
  (* keep *) wire [6:0] mean_pool_part_11 = 7'(skip_add_1_2_1_d1) + mean_pool_part_9_d1;
  (* keep *) wire [6:0] mean_pool_part_12 = 7'(skip_add_1_3_0) + mean_pool_part_10;
  (* keep *) wire [6:0] mean_pool_part_13 = 7'(skip_add_1_3_1) + mean_pool_part_11;
  (* keep *) wire [6:0] mean_pool_part_14 = 7'(skip_add_2_0_0) + mean_pool_part_12;
  (* keep *) wire [6:0] mean_pool_part_15 = 7'(skip_add_2_0_1) + mean_pool_part_13;
  (* keep *) wire [7:0] mean_pool_part_16 = 8'(skip_add_2_1_0) + 8'(mean_pool_part_14);
  (* keep *) wire [7:0] mean_pool_part_17 = 8'(skip_add_2_1_1) + 8'(mean_pool_part_15);
  (* keep *) wire [7:0] mean_pool_part_18 = 8'(skip_add_2_2_0) + mean_pool_part_16;
  (* keep *) wire [7:0] mean_pool_part_19 = 8'(skip_add_2_2_1) + mean_pool_part_17;
  // skip.add
  reg [3:0] skip_add_2_3_0_d1;
  always @(posedge clk) skip_add_2_3_0_d1 <= skip_add_2_3_0;
  // mean.pool
  reg [7:0] mean_pool_part_18_d1;
  always @(posedge clk) mean_pool_part_18_d1 <= mean_pool_part_18;
  (* keep *) wire [7:0] mean_pool_part_20 = 8'(skip_add_2_3_0_d1) + mean_pool_part_18_d1;
  // skip.add
  reg [3:0] skip_add_2_3_1_d1;
  always @(posedge clk) skip_add_2_3_1_d1 <= skip_add_2_3_1;
  // mean.pool
  reg [7:0] mean_pool_part_19_d1;
  always @(posedge clk) mean_pool_part_19_d1 <= mean_pool_part_19;
  (* keep *) wire [7:0] mean_pool_part_21 = 8'(skip_add_2_3_1_d1) + mean_pool_part_19_d1;
  (* keep *) wire [7:0] mean_pool_part_22 = 8'(skip_add_3_0_0) + mean_pool_part_20;
  (* keep *) wire [7:0] mean_pool_part_23 = 8'(skip_add_3_0_1) + mean_pool_part_21;
  (* keep *) wire [7:0] mean_pool_part_24 = 8'(skip_add_3_1_0) + mean_pool_part_22;
  (* keep *) wire [7:0] mean_pool_part_25 = 8'(skip_add_3_1_1) + mean_pool_part_23;
  (* keep *) wire [7:0] mean_pool_part_26 = 8'(skip_add_3_2_0) + mean_pool_part_24;
  (* keep *) wire [7:0] mean_pool_part_27 = 8'(skip_add_3_2_1) + mean_pool_part_25;
  (* keep *) wire [7:0] mean_pool_0_0_0 = 8'(skip_add_3_3_0) + mean_pool_part_26;
  (* keep *) wire [7:0] mean_pool_0_0_1 = 8'(skip_add_3_3_1) + mean_pool_part_27;
  assign result_0 = mean_pool_0_0_0[6:0];
  assign result_1 = mean_pool_0_0_1[6:0];
endmodule
